/**
 * Lets the event loop that runs anyway watch a descriptor that Node cannot watch, such as a UNIX datagram socket. Node
 * exports the functions of its libuv, so no thread is needed and nobody has to look again and again. Libc offers it to
 * the other layers.
 */
import { isMainThread } from "node:worker_threads"

type Koffi = typeof import("koffi").default

/**
 * Calls `onReadable` whenever something can be read, until the function that it returns is called; that must come before
 * the descriptor is closed. It does not keep the program alive. Undefined where it is impossible: then one has to look.
 */
export type WatchReadable = (fd: number, onReadable: () => void) => (() => void) | undefined

const UV_POLL = 8
const UV_READABLE = 1

/** For the C library that Node runs on. */
export const makeWatchReadable = (koffi: Koffi, self: ReturnType<Koffi["load"]>): WatchReadable => {
  // The default loop belongs to the main thread; a worker has a loop of its own.
  const uv = isMainThread ? bindUv(koffi, self) : undefined
  if (uv === undefined) return () => undefined
  return (fd, onReadable) => {
    const handle = koffi.alloc("uint8_t", uv.handleSize)
    if (uv.pollInit(uv.loop, handle, fd) !== 0) {
      koffi.free(handle)
      return undefined
    }
    // libuv calls it outside of any turn of JavaScript, so promises would not go on by themselves.
    let isWatched = true
    const callback = koffi.register(() =>
      void setImmediate(() => {
        if (isWatched) onReadable()
      }), koffi.pointer(uv.pollCallback))
    uv.pollStart(handle, UV_READABLE, callback)
    uv.unref(handle)
    return () => {
      isWatched = false
      uv.pollStop(handle)
      const closed = koffi.register(() =>
        void setImmediate(() => {
          koffi.unregister(callback)
          koffi.unregister(closed)
          koffi.free(handle)
        }), koffi.pointer(uv.closeCallback))
      uv.close(handle, closed)
    }
  }
}

const bindUv = (koffi: Koffi, self: ReturnType<Koffi["load"]>) => {
  try {
    const pollCallback = koffi.proto("void", ["void *", "int", "int"])
    const closeCallback = koffi.proto("void", ["void *"])
    return {
      pollCallback,
      closeCallback,
      loop: self.func("void *uv_default_loop()")(),
      handleSize: Number(self.func("size_t uv_handle_size(int)")(UV_POLL)),
      pollInit: self.func("int uv_poll_init(void *, void *, int)"),
      pollStart: self.func("uv_poll_start", "int", ["void *", "int", koffi.pointer(pollCallback)]),
      pollStop: self.func("int uv_poll_stop(void *)"),
      unref: self.func("void uv_unref(void *)"),
      close: self.func("uv_close", "void", ["void *", koffi.pointer(closeCallback)])
    }
  } catch {
    // A Node that uses another libuv does not export these.
    return undefined
  }
}
