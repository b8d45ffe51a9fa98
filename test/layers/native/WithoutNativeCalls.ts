/** A machine on which koffi cannot be loaded: every native call is out of reach. */
import { Layer } from "effect"
import { Libc, makeFrom } from "../../../src/layers/native/Libc.ts"

export const withoutNativeCalls = Layer.effect(
  Libc,
  makeFrom(() => Promise.reject(new Error("no binary for this platform")))
)
