# If this system cannot load the extension module, the error of install() says
# what the module was built for, and what this system is.
import os
import shutil
import subprocess
import sys
import tempfile


def find(name):
    """The path of an installed module or package."""
    return next(os.path.join(entry, item) for entry in sys.path
                if os.path.isdir(entry) for item in os.listdir(entry)
                if item.split(".")[0] == name)


def for_another_machine(extension, folder):
    """Copy the extension, but with another processor in its header: SPARC."""
    with open(extension, "rb") as stream:
        data = bytearray(stream.read())
    data[18:20] = b"\x00\x02" if data[5] == 2 else b"\x02\x00"
    with open(os.path.join(folder, os.path.basename(extension)),
              "wb") as stream:
        stream.write(data)
    return ["was built for processor 2 ("]


def for_a_newer_glibc(extension, folder):
    """Make a library that needs a newer glibc."""
    def write(name, text):
        with open(os.path.join(folder, name), "w") as stream:
            stream.write(text)
        return os.path.join(folder, name)

    compiler = [os.environ.get("CC", "cc"), "-shared", "-fPIC"]
    libc = os.path.join(folder, "libc.so.6")
    try:
        subprocess.check_call(compiler + [
            "-nostdlib", "-Wl,-soname,libc.so.6", "-o", libc,
            "-Wl,--version-script=" + write("libc.map",
                                            "GLIBC_9.99 { of_2100; };"),
            write("libc.c", "int of_2100(void) { return 0; }")])
        subprocess.check_call(compiler + [
            "-nostdlib", "-o",
            os.path.join(folder, os.path.basename(extension)),
            write("extension.c", "int of_2100(void);\n"
                                 "int use(void) { return of_2100(); }"),
            libc])
    except (OSError, subprocess.CalledProcessError):
        sys.exit("no compiler")
    os.remove(libc)
    return ["needs glibc 9.99", "has glibc 2."]


extension, package = find("__ssl_backport"), find("_ssl_backport")
folder = tempfile.mkdtemp()
try:
    expected = globals()[sys.argv[1]](extension, folder)
    shutil.copytree(package, os.path.join(folder, "_ssl_backport"))
    sys.path.insert(0, folder)
    import _ssl_backport
    try:
        _ssl_backport.install()
    except ImportError as error:
        message = str(error)
    else:
        sys.exit("install() raised no error")
    assert not _ssl_backport.is_installed()
    for words in expected + [os.path.join(
            folder, os.path.basename(extension))]:
        assert words in message, message

    # messages of musl's dynamic linker, which this system does not have
    from _ssl_backport import _unloadable
    for words in (
            "Error loading shared library ld-linux-x86-64.so.2: No such file "
            "or directory (needed by /usr/lib/__ssl_backport.so)",
            "Error relocating /usr/lib/__ssl_backport.so: __strtok_r: symbol "
            "not found"):
        os.remove(os.path.join(folder, os.path.basename(extension)))
        shutil.copy(extension, folder)
        message = _unloadable.reason(words, folder, "__ssl_backport")
        assert "needs glibc" in message and folder in message, message
finally:
    shutil.rmtree(folder)
