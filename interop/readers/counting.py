"""A file system that notes of which files more than the footer was read.

pandas and datasets do not tell what they leave unread, so the file system does.
"""

from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileOpener, LocalFileSystem

PROTOCOL = "counting"


class CountingFileSystem(LocalFileSystem):
    """The local files, under counting://."""

    protocol = PROTOCOL
    opened: set[str] = set()  # noqa: RUF012
    """The files that were opened."""
    read: set[str] = set()  # noqa: RUF012
    """Those of them whose row groups were read."""

    @classmethod
    def forget(cls) -> None:
        """Begins anew."""
        cls.opened.clear()
        cls.read.clear()

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(each) for each in path]
        return super()._strip_protocol("/" + str(path).removeprefix(PROTOCOL + ":").lstrip("/"))

    def _open(self, path: str, mode: str = "rb", block_size: int | None = None, **options: Any) -> LocalFileOpener:
        self.opened.add(path)
        return _CountingFile(path, mode, fs=self, **options)


class _CountingFile(LocalFileOpener):
    def read(self, length: int = -1) -> bytes:
        data = self.f.read(length)
        # Row groups stand before the footer, which is all that is read up to the end.
        if data and self.f.tell() < self.size:
            CountingFileSystem.read.add(self.path)
        return data


def register() -> None:
    """Makes counting:// known."""
    fsspec.register_implementation(PROTOCOL, CountingFileSystem, clobber=True)
