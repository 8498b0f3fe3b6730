"""The ONNX operators that TensorRT 10 takes.

Source: the support matrix of NVIDIA's ONNX parser, "Supported ONNX Operators",
https://github.com/onnx/onnx-tensorrt/blob/main/docs/operators.md, as of TensorRT 10.15, which
takes opsets 9 to 24. An operator that is listed may have restrictions; those that concern graphs of
ours are checked by `export.tensorrt_readiness`.
"""

SOURCE = "ONNX-TensorRT, docs/operators.md of TensorRT 10.15"

OPSETS = range(9, 25)

OPERATORS = frozenset(
    """
    Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool
    BatchNormalization BlackmanWindow Cast CastLike Ceil Celu Clip Concat Constant
    ConstantOfShape Conv ConvTranspose Cos Cosh CumSum DeformConv DepthToSpace DequantizeLinear
    Div Dropout Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather GatherElements
    GatherND Gelu Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual
    GridSample GroupNormalization HammingWindow HannWindow HardSigmoid HardSwish Hardmax
    Identity If ImageScaler InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization
    LeakyRelu Less LessOrEqual Log LogSoftmax Loop LpNormalization LpPool MatMul Max MaxPool
    Mean MeanVarianceNormalization Min Mish Mod Mul Neg NonMaxSuppression NonZero Not OneHot Or
    PRelu Pad ParametricSoftplus Pow QuantizeLinear RMSNormalization RNN RandomNormal
    RandomNormalLike RandomUniform RandomUniformLike Range Reciprocal ReduceL1 ReduceL2
    ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
    ReduceSumSquare Relu Reshape Resize ReverseSequence RoiAlign RotaryEmbedding Round STFT
    ScaledTanh Scan Scatter ScatterElements ScatterND Selu Shape Shrink Sigmoid Sign Sin Sinh
    Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh
    TensorScatter ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Upsample Where Xor
    """.split()
)

CONSTANT_AXES = frozenset({"Squeeze", "Unsqueeze"}) | frozenset(
    name for name in OPERATORS if name.startswith("Reduce")
)
"""Operators whose second input, the axes, TensorRT wants to be a constant."""

OF_SHAPES = frozenset(
    """
    Cast Concat Constant ConstantOfShape Expand Gather Identity Reshape Shape Size Slice Split
    Squeeze Tile Transpose Unsqueeze
    """.split()
)
"""Operators that move int64 numbers and compute none: with these TensorRT computes shapes when it
builds, while int64 arithmetic would be compiled, or fall back, beside the network."""
