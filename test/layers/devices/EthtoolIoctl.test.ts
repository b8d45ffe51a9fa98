import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as EthtoolIoctl from "../../../src/layers/devices/EthtoolIoctl.ts"
import * as Libc from "../../../src/layers/native/Libc.ts"
import { scriptedLibc } from "./ScriptedLibc.ts"

/** `struct ethtool_ts_info` as a kernel fills it. */
const tsInfo = (options: {
  readonly soTimestamping: number
  readonly phcIndex: number
  readonly txTypes: number
  readonly rxFilters: number
}) => {
  const bytes = Buffer.alloc(44)
  bytes.writeUInt32LE(0x41, 0)
  bytes.writeUInt32LE(options.soTimestamping, 4)
  bytes.writeInt32LE(options.phcIndex, 8)
  bytes.writeUInt32LE(options.txTypes, 12)
  bytes.writeUInt32LE(options.rxFilters, 28)
  return bytes
}

// All SOF_TIMESTAMPING flags but SYS_HARDWARE, as ice and e1000e set them; tx off and on; rx none and all.
const full = { soTimestamping: 0x5f, phcIndex: 3, txTypes: 0b11, rxFilters: 0b11 }

describe("readTsInfo", () => {
  it("reads a struct of zeros and no clock as nothing", () => {
    assert.deepStrictEqual(
      EthtoolIoctl.readTsInfo(tsInfo({ soTimestamping: 0, phcIndex: -1, txTypes: 0, rxFilters: 0 })),
      { _tag: "Answered", phcIndex: undefined, hardwareTransmit: false, hardwareReceive: false, software: false }
    )
  })

  it("reads a NIC with a PHC and all stamps", () => {
    assert.deepStrictEqual(EthtoolIoctl.readTsInfo(tsInfo(full)), {
      _tag: "Answered",
      phcIndex: 3,
      hardwareTransmit: true,
      hardwareReceive: true,
      software: true
    })
  })

  const partial = [
    ["no raw hardware clock", { soTimestamping: 0x1f }, { hardwareTransmit: false, hardwareReceive: false }],
    ["no hardware-transmit flag", { soTimestamping: 0x5e }, { hardwareTransmit: false, hardwareReceive: true }],
    ["no hardware-receive flag", { soTimestamping: 0x5b }, { hardwareTransmit: true, hardwareReceive: false }],
    ["transmit mode off only", { txTypes: 0b1 }, { hardwareTransmit: false, hardwareReceive: true }],
    ["receive filter none only", { rxFilters: 0b1 }, { hardwareTransmit: true, hardwareReceive: false }],
    ["no software-transmit, as a bridge", { soTimestamping: 0x5d }, { software: false }],
    ["the first clock", { phcIndex: 0 }, { phcIndex: 0 }]
  ] as const
  for (const [what, change, expected] of partial) {
    it(`tells apart: ${what}`, () => {
      assert.deepInclude(EthtoolIoctl.readTsInfo(tsInfo({ ...full, ...change })), expected)
    })
  }
})

describe("open", () => {
  it.effect("asks for the named interface and closes its socket with the scope", () =>
    Effect.gen(function*() {
      const script = scriptedLibc({ tsInfo: { ens1f0: tsInfo(full) } })
      yield* Effect.scoped(Effect.gen(function*() {
        const ask = yield* Effect.provide(EthtoolIoctl.open, script.layer)
        assert.deepInclude(ask("ens1f0"), { _tag: "Answered", phcIndex: 3 })
        assert.deepStrictEqual(ask("gone0"), { _tag: "Refused", errno: "ENODEV" })
        assert.deepStrictEqual(script.openSockets(), [3])
      }))
      assert.deepStrictEqual(script.openSockets(), [])
    }))

  it.effect("fails with the name of the error where sockets are forbidden", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        Effect.provide(EthtoolIoctl.open, scriptedLibc({ socketErrno: "EPERM" }).layer)
      )
      assert.include(error.message, "socket failed with EPERM")
    }))

  it.effect.skipIf(process.platform !== "linux")(
    "learns from this kernel that lo stamps in software only",
    () =>
      Effect.gen(function*() {
        const ask = yield* EthtoolIoctl.open
        assert.deepStrictEqual(ask("lo"), {
          _tag: "Answered",
          phcIndex: undefined,
          hardwareTransmit: false,
          hardwareReceive: false,
          software: true
        })
        assert.deepStrictEqual(ask("nosuchnic0"), { _tag: "Refused", errno: "ENODEV" })
      }).pipe(Effect.provide(Libc.layer))
  )
})
