/* Python.h of some builds includes crypt.h, which zig's glibc lacks; the
 * extension uses nothing of it. */
