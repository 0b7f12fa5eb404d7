"""wsgi.file_wrapper: where the parent finds a file that the application has open. It opens and sends nothing itself."""

import io
import os
import stat
import tempfile


class FileWrapper:
    """wsgi.file_wrapper: a regular file is opened and sent by the parent; of anything else the blocks are sent."""

    def __init__(self, filelike, block_size=64 * 1024):
        self.filelike = filelike
        self.block_size = block_size
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self):
        return self

    def __next__(self):
        block = self.filelike.read(self.block_size)
        if not block:
            raise StopIteration
        return block

    def place(self):
        """Where the parent finds the file; None when it must come through here: not a plain file, or not a file at all."""
        file = self.filelike
        if isinstance(file, tempfile._TemporaryFileWrapper):
            file = file.file
        raw = getattr(file, "raw", file)
        # By type: a compressed file has a descriptor too, of other bytes than it reads.
        if type(file) not in (io.BufferedReader, io.BufferedRandom, io.FileIO) or type(raw) is not io.FileIO:
            return None
        try:
            file.flush()
            status = os.fstat(raw.fileno())
            offset = file.tell()
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(status.st_mode) or status.st_size == 0:  # files of /proc say that they are empty
            return None
        paths = ["/proc/%d/fd/%d" % (os.getpid(), raw.fileno())]
        if isinstance(raw.name, (str, os.PathLike)):
            paths.append(os.path.abspath(raw.name))
        return {"paths": paths, "offset": offset, "device": status.st_dev, "inode": status.st_ino}
