import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Libc from "../../../src/layers/native/Libc.ts"
import { withoutNativeCalls } from "./WithoutNativeCalls.ts"

const AF_NETLINK = 16
const SOCK_RAW = 3
const MSG_OOB = 0x1
const MSG_DONTWAIT = 0x40

describe.skipIf(process.platform !== "linux")("Libc", () => {
  it.effect("names an error as its manual page does where a number has two names", () =>
    Effect.gen(function*() {
      const libc = yield* Libc.calls
      const fd = yield* Libc.openSocket(AF_NETLINK, SOCK_RAW, 0)
      const errnoOf = (flags: number) => {
        assert.strictEqual(libc.recv(fd, Buffer.alloc(1), 1, flags), -1)
        return libc.errno()
      }
      assert.strictEqual(errnoOf(MSG_DONTWAIT), "EAGAIN")
      assert.strictEqual(errnoOf(MSG_OOB), "EOPNOTSUPP")
    }).pipe(Effect.provide(Libc.layer)))

  it.effect("gives a socket back when its scope closes", () =>
    Effect.gen(function*() {
      const libc = yield* Libc.calls
      const fd = yield* Effect.scoped(Libc.openSocket(AF_NETLINK, SOCK_RAW, 0))
      assert.strictEqual(libc.recv(fd, Buffer.alloc(1), 1, MSG_DONTWAIT), -1)
      assert.strictEqual(libc.errno(), "EBADF")
    }).pipe(Effect.provide(Libc.layer)))

  it.effect("fails with the error's name for a socket that the kernel does not know", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Libc.openSocket(9999, SOCK_RAW, 0))
      assert.deepInclude(error, { _tag: "SystemCallError", call: "socket", errno: "EAFNOSUPPORT" })
    }).pipe(Effect.provide(Libc.layer)))

  it.effect("says what is missing where koffi has no binary, and goes on saying it", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Libc.calls)
      assert.strictEqual(error._tag, "LibcUnavailable")
      assert.include(error.message, "koffi")
      assert.strictEqual(yield* Effect.flip(Libc.calls), error)
    }).pipe(Effect.provide(withoutNativeCalls)))
})
