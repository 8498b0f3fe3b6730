# Each step is up to date or skipped. PYTHON chooses the interpreter that makes the environment.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock
UTKINECT ?= ../shared/data/utkinect
DATA ?= ../shared/data
CLIENT := -e ./clients/python
FETCHED := weights/pose_full.task weights/vision

.PHONY: help setup serve test check check-container format release bench train-demo everyday lock clean
.DEFAULT_GOAL := help

help: ## This list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 18

setup: .venv/.ready $(FETCHED) clients/web/node_modules/.ready ## Everything that the commands below need, in .venv
serve: .venv/.ready-to-serve $(FETCHED) ## The service with the embedded default model, on http://127.0.0.1:8000
	$(BIN)/python -m service serve

# Whole files go to a process each, for what is costly to start is shared within a file; in their order, so that
# those of the page, whose browser keeps an event loop, come last. A thread each, for more would wait for each other.
test: .venv/.ready $(FETCHED) clients/web/node_modules/.ready ## The tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile \
		--no-loadscope-reorder

check: .venv/.ready ## Style, types, the order of dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check-container: .venv/.ready-to-serve ## Builds the image, runs it, streams to it (docker or podman)
	docker/check.sh

format: .venv/.ready ## Formats and sorts the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

release: .venv/.ready clients/web/node_modules/.ready ## Wheel, npm package, artifacts, manifest and hashes, in dist/
	$(BIN)/python -m release bundle --out dist $(if $(IMAGES),--images $(IMAGES))

bench: .venv/.ready ## The measurements that the documents quote
	$(BIN)/python -m benchmarks

train-demo: .venv/.ready ## Data, dense fine-tune, report, verified artifact: minutes on a CPU
	$(BIN)/python -m training prepare utkinect --from $(UTKINECT) --out data/utkinect
	$(BIN)/python -m training finetune utkinect --store data/utkinect --out runs/utkinect
	$(BIN)/python -m training report utkinect --store data/utkinect --runs runs/utkinect
	$(BIN)/python -m export onnx runs/utkinect/dste.ckpt --out runs/utkinect/dste.onnx
	$(BIN)/python -m export verify runs/utkinect/dste.onnx --checkpoint runs/utkinect/dste.ckpt --store data/utkinect
	@echo "serve it: $(BIN)/python -m service serve --model runs/utkinect/dste.onnx"

everyday: .venv/.ready ## The default model anew, from its data sets' files in DATA: hours on a CPU
	for name in bandai_namco hdm05 msr_action3d nw_ucla utd_mhad utkinect; do \
		$(BIN)/python -m training prepare $$name --from $(DATA)/$$name --out data/$$name || exit; done
	$(BIN)/python -m service poses $(DATA)/videos/upfall_*_trial2_*.mp4 --out data/recordings
	$(BIN)/python -m training everyday --stores data --out runs/everyday
	$(BIN)/python -m export onnx runs/everyday/everyday-s.ckpt --out runs/everyday/everyday-s.onnx
	$(BIN)/python -m export verify runs/everyday/everyday-s.onnx --checkpoint runs/everyday/everyday-s.ckpt \
		--store runs/everyday/streams/choose
	@echo "serve it: $(BIN)/python -m service serve --model runs/everyday/everyday-s.onnx"

lock: .venv/.ready ## The exact pins, anew
	$(BIN)/pip-compile --quiet --strip-extras --no-header --no-annotate --no-emit-index-url \
		--no-emit-find-links --no-emit-trusted-host --allow-unsafe \
		--extra cpu --extra images --extra otel --extra train --extra export --extra dev --output-file requirements.lock pyproject.toml
	sed -i -e 's/+cpu$$//' -e '/^#/d' requirements.lock

clean: ## Removes the environment and what the steps have built
	rm -rf .venv build *.egg-info clients/python/*.egg-info
	rm -rf clients/web/node_modules weights/vision weights/*.task
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "posewire needs Python 3.11 or newer as $(PYTHON); choose one with PYTHON=…"; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "Python lacks ensurepip; on Debian: apt-get install python3-venv"; exit 2; }
	$(PYTHON) -m venv .venv

.venv/.ready-to-serve: .venv/bin/python pyproject.toml requirements.lock clients/python/pyproject.toml
	@docker/packages.sh libgl1 libglib2.0-0 libegl1 libgles2
	$(PIP) -e ".[cpu,images]" $(CLIENT)
	@touch $@

.venv/.ready: .venv/bin/python pyproject.toml requirements.lock clients/python/pyproject.toml
	@docker/packages.sh libgl1 libglib2.0-0 libegl1 libgles2 chromium nodejs npm openssl redis-server
	$(PIP) -e ".[cpu,images,otel,train,export,dev]" $(CLIENT)
	@touch $@ .venv/.ready-to-serve

# Where these cannot be had, keypoints are served all the same.
weights/pose_full.task: .venv/.ready-to-serve
	@$(BIN)/python -m service pose-model --out $@ || echo "served without it: pictures are refused"

weights/vision: .venv/.ready-to-serve
	@$(BIN)/python -m service page-runtime --out $@ || echo "served without it: the page plays samples only"

# What tests the browser client and builds the page; the page that is served is built already.
clients/web/node_modules/.ready: clients/web/package-lock.json
	@cd clients/web && npm ci --silent --no-audit --no-fund && npm run --silent build -w @posewire/client && \
		touch node_modules/.ready || echo "without them, or Node.js 20.19, tests of the browser client are skipped"
