"""Networks on OpenVINO, the engine that needs no PyTorch.

A graph is compiled once per set of input shapes, because static shapes run faster than dynamic ones: at its
first call, or ahead of it in the background (`prepare`).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import openvino as ov

from sfumato.bundle.manifest import Manifest
from sfumato.bundle.store import Bundle
from sfumato.engine.base import Array
from sfumato.engine.cache import graph_cache, shelf_name
from sfumato.engine.choose import Precision
from sfumato.engine.core import core
from sfumato.errors import BundleError

DEVICE = "CPU"
COMPILERS = 2
# These end in pixels. bf16 has a mantissa of 8 bits, as coarse as the picture itself, and convolutions were
# no faster in it (AVX-512 without AMX: 320 against 400 ms for upsampler_1024, 50 against 71 for _256).
PIXEL_GRAPHS = ("space_decoder", "upsampler_256", "upsampler_1024")
# OpenVINO 2026.4 crashes in this optimisation when it compiles our U-Nets with static shapes in f32.
F32_OPTIONS = {"SNIPPETS_MODE": "DISABLE"}
Shapes = tuple[tuple[str, tuple[int, ...]], ...]


class OpenVINOEngine:
    """An engine over one bundle.

    threads: CPU threads of a network, None for all the cores. precision: of the arithmetic, None for bf16
    where the CPU has it, but f32 in the graphs that end in pixels. cache: whether compiled graphs are kept
    in the user's cache folder.
    """

    name = "openvino"

    def __init__(
        self,
        bundle: Bundle,
        *,
        threads: int | None = None,
        precision: Precision | None = None,
        cache: bool = True,
    ) -> None:
        self._bundle = bundle
        self._core = core()
        self._threads = threads
        self._precision = precision
        self._cache = graph_cache() if cache else None
        self._networks: dict[str, OpenVINONetwork] = {}
        self._lock = threading.Lock()
        self._compilers = ThreadPoolExecutor(COMPILERS, thread_name_prefix="compile")

    @property
    def manifest(self) -> Manifest:
        return self._bundle.manifest

    def has(self, name: str) -> bool:
        return name in self.manifest.graphs

    def file(self, name: str) -> Path:
        return self._bundle.file(name)

    def network(self, name: str) -> OpenVINONetwork:
        with self._lock:
            if name not in self._networks:
                self._networks[name] = OpenVINONetwork(self, name)
            return self._networks[name]

    def prepare(self, wanted: Iterable[tuple[str, int]]) -> None:
        for name, batch in wanted:
            self._compilers.submit(self.network(name).prepare, batch)

    def read(self, name: str) -> ov.Model:
        """The graph as stored, its hash checked. `BundleError` when OpenVINO cannot read it."""
        path, weights = self._bundle.graph(name)
        try:
            return self._core.read_model(path, weights)
        except RuntimeError as error:
            raise BundleError(f"{path} cannot be read by OpenVINO ({_first_line(error)}).") from error

    def compile(self, model: ov.Model, name: str) -> ov.CompiledModel:
        """The model ready to run. `BundleError` when OpenVINO cannot compile it."""
        options = self._options(name)
        try:
            return self._compile_cached(model, name, options)
        except RuntimeError as error:
            raise BundleError(
                f"OpenVINO cannot compile the graph {name} ({_first_line(error)}); try another precision."
            ) from error

    def _compile_cached(self, model: ov.Model, name: str, options: dict[str, Any]) -> ov.CompiledModel:
        if self._cache is not None:
            shelf = self._cache / shelf_name(self._bundle.manifest, name, options, ov.__version__)
            with contextlib.suppress(RuntimeError):  # a damaged cache is no reason to fail
                return self._core.compile_model(model, DEVICE, {**options, "CACHE_DIR": str(shelf)})
        return self._core.compile_model(model, DEVICE, options)

    def _options(self, name: str) -> dict[str, Any]:
        precision = self._precision or ("f32" if name in PIXEL_GRAPHS or not self._has_bf16 else "bf16")
        options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
        if precision == "f32":
            options |= F32_OPTIONS
        return options if self._threads is None else {**options, "INFERENCE_NUM_THREADS": self._threads}

    @cached_property
    def _has_bf16(self) -> bool:
        return "BF16" in self._core.get_property(DEVICE, "OPTIMIZATION_CAPABILITIES")


class OpenVINONetwork:
    """One graph: an executable per set of input shapes, and a request per thread that runs it."""

    def __init__(self, engine: OpenVINOEngine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._lock = threading.Lock()
        self._compiled: dict[Shapes, Future[ov.CompiledModel]] = {}
        self._requests = threading.local()

    def __call__(self, **inputs: Array) -> dict[str, Array]:
        shapes = tuple(sorted((name, array.shape) for name, array in inputs.items()))
        request = self._request(shapes)
        request.infer(inputs, share_inputs=True)
        outputs: dict[str, Array] = {}
        for port in request.model_outputs:
            # Copied, because the request's next run overwrites it. Compiling may add aliases to the name.
            array = request.get_tensor(port).data.copy()
            outputs.update(dict.fromkeys(port.names, array))
        return outputs

    def prepare(self, batch: int) -> None:
        """Compiles for a batch size: every dimension that the graph leaves open is the batch."""
        model = self._engine.read(self._name)
        shapes = tuple(sorted((port.any_name, _closed(port, batch)) for port in model.inputs))
        self._executable(shapes, model)

    def _request(self, shapes: Shapes) -> ov.InferRequest:
        requests: dict[Shapes, Any] = self._requests.__dict__.setdefault("by_shapes", {})
        if shapes not in requests:
            requests[shapes] = self._executable(shapes).create_infer_request()
        return requests[shapes]

    def _executable(self, shapes: Shapes, model: ov.Model | None = None) -> ov.CompiledModel:
        """Compiled by whoever asks first; others wait for the same result."""
        with self._lock:
            future = self._compiled.get(shapes)
            mine = future is None
            if future is None:
                future = self._compiled[shapes] = Future()
        if mine:
            try:
                future.set_result(self._compile(shapes, model))
            except BaseException as error:
                future.set_exception(error)
        return future.result()

    def _compile(self, shapes: Shapes, model: ov.Model | None) -> ov.CompiledModel:
        model = self._engine.read(self._name) if model is None else model
        if any(port.partial_shape.is_dynamic for port in model.inputs):
            model.reshape({name: list(shape) for name, shape in shapes})
        return self._engine.compile(model, self._name)


def _closed(port: Any, batch: int) -> tuple[int, ...]:
    return tuple(batch if size.is_dynamic else size.get_length() for size in port.partial_shape)


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[-1].strip() if str(error).strip() else type(error).__name__
