"""citations.py - the papers of networks that several publishers have weights of."""

VGG = "K. Simonyan, A. Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015, arXiv:1409.1556"
RESNET = "K. He, X. Zhang, S. Ren, J. Sun: Deep Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385"
DENSENET = "G. Huang, Z. Liu, L. van der Maaten, K. Q. Weinberger: Densely Connected Convolutional Networks, CVPR 2017, arXiv:1608.06993"
EFFICIENTNET = "M. Tan, Q. V. Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, ICML 2019, arXiv:1905.11946"
EFFICIENTNET_V2 = "M. Tan, Q. V. Le: EfficientNetV2: Smaller Models and Faster Training, ICML 2021, arXiv:2104.00298"
MOBILENET_V2 = "M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L.-C. Chen: MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018, arXiv:1801.04381"
MOBILENET_V3 = "A. Howard et al.: Searching for MobileNetV3, ICCV 2019, arXiv:1905.02244"
