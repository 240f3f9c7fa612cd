#!/usr/bin/env python3
"""The same work in Keras, as its users write it in a notebook.

    keras_peer.py weights   NETWORK FILE.h5
    keras_peer.py recommend NETWORK FILE.h5 THREADS < PATHS
    keras_peer.py version

weights    writes random weights of a network in the form of the official files.
recommend  load_img, img_to_array, vstack, preprocess_input, predict with the model cut before its last layer, cosine
           similarity of all with all, the best five of each. Prints the seconds of that; importing Keras, building the
           model and the first call, which compiles it, are left out.
Each prints one JSON object. bench/run starts this in the environment of scripts/keras-python.
"""
import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

NETWORKS = {"vgg16": ("vgg16", "VGG16"), "mobilenet-v2": ("mobilenet_v2", "MobileNetV2")}


def network(name):
    import keras

    module, builder = NETWORKS[name]
    module = getattr(keras.applications, module)
    return module, getattr(module, builder)(weights=None)


def weights(name, path):
    import keras

    keras.utils.set_random_seed(1)
    network(name)[1].save_weights(path.removesuffix(".h5") + ".weights.h5")
    os.rename(path.removesuffix(".h5") + ".weights.h5", path)
    return {"bytes": os.path.getsize(path)}


def recommend(name, path, threads):
    import keras
    import numpy
    import tensorflow

    tensorflow.config.threading.set_intra_op_parallelism_threads(int(threads))
    tensorflow.config.threading.set_inter_op_parallelism_threads(int(threads))
    paths = [line.rstrip("\n") for line in sys.stdin]
    module, whole = network(name)
    whole.load_weights(path)
    model = keras.Model(whole.inputs, whole.layers[-2].output)
    size = model.input_shape[1:3]
    model.predict(numpy.zeros((32, *size, 3), numpy.float32), verbose=0)

    start = time.perf_counter()
    images = [keras.utils.img_to_array(keras.utils.load_img(p, target_size=size)) for p in paths]
    features = model.predict(module.preprocess_input(numpy.vstack([i[None] for i in images])), verbose=0)
    features /= numpy.linalg.norm(features, axis=1, keepdims=True)
    scores = features @ features.T
    numpy.fill_diagonal(scores, -2)
    best = numpy.argsort(-scores, axis=1)[:, :5]
    return {"seconds": time.perf_counter() - start, "images": len(best)}


def version():
    import keras
    import tensorflow

    return {"version": f"Keras {keras.__version__} on TensorFlow {tensorflow.__version__}"}


def main():
    commands = {f.__name__: f for f in (weights, recommend, version)}
    print(json.dumps(commands[sys.argv[1]](*sys.argv[2:])))


if __name__ == "__main__":
    main()
