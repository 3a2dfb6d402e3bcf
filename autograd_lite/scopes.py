"""A setting in force for a block of code: a context manager and a decorator, its own in each thread and task.

The state lives in a `ContextVar`, so what one thread or asyncio task sets no other sees. It is a chain, each link
holding the one it replaced: leaving needs nothing kept on the scope itself, and one instance may be entered by many
threads and tasks at once, and again inside itself. Imports `contextvars`; the settings are the subclasses'.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import ContextVar
from types import TracebackType
from typing import Any, ClassVar, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])
Chain = tuple[Any, "Chain | None"]  # a setting, and the chain it replaced


class Scope:
    """A block of code with a setting of its own: ``with scope: …`` or ``@scope`` on a function.

    A decorated coroutine or generator function has the setting while its body runs, and its caller never.
    """

    __slots__ = ()

    variable: ClassVar[ContextVar[Chain]]

    def setting(self, outer: Any) -> Any:
        """The setting inside, given the one outside."""
        raise NotImplementedError

    def __enter__(self) -> Any:
        outer = self.variable.get()
        self.variable.set((self.setting(outer[0]), outer))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        outer = self.variable.get()[1]
        assert outer is not None
        self.variable.set(outer)

    def __call__(self, function: _Function) -> _Function:
        import inspect

        async def awaited(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await function(*args, **kwargs)

        def generating(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            return self._resumed(function(*args, **kwargs))

        def streaming(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            return self._resumed_async(function(*args, **kwargs))

        def called(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        wrapped: Any = called
        if inspect.iscoroutinefunction(function):
            wrapped = awaited
        elif inspect.isgeneratorfunction(function):
            wrapped = generating
        elif inspect.isasyncgenfunction(function):
            wrapped = streaming
        return functools.wraps(function)(wrapped)  # type: ignore[return-value]

    def _resumed(self, generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        # A generator shares its caller's context: the setting is put in force for each of its steps alone.
        resume: Callable[[], Any] = functools.partial(next, generator)
        try:
            while True:
                with self:
                    try:
                        item = resume()
                    except StopIteration as stop:
                        return stop.value
                try:
                    resume = functools.partial(generator.send, (yield item))
                except GeneratorExit:
                    raise
                except BaseException as error:
                    resume = functools.partial(generator.throw, error)
        finally:
            with self:
                generator.close()

    async def _resumed_async(self, generator: AsyncGenerator[Any, Any]) -> AsyncGenerator[Any, Any]:
        resume: Callable[[], Any] = functools.partial(generator.asend, None)
        try:
            while True:
                with self:
                    try:
                        item = await resume()
                    except StopAsyncIteration:
                        return
                try:
                    resume = functools.partial(generator.asend, (yield item))
                except GeneratorExit:
                    raise
                except BaseException as error:
                    resume = functools.partial(generator.athrow, error)
        finally:
            with self:
                await generator.aclose()
