import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import {
  byName,
  classifyInterface,
  type InterfaceFacts,
  type TimestampingAnswer
} from "../../../src/services/devices/InterfaceClassification.ts"
import { isPtpCapable, type NetworkInterface } from "../../../src/services/devices/PtpDevice.ts"

const hardware: TimestampingAnswer = {
  _tag: "Answered",
  phcIndex: 0,
  hardwareTransmit: true,
  hardwareReceive: true,
  software: true
}
const software: TimestampingAnswer = {
  ...hardware,
  phcIndex: undefined,
  hardwareTransmit: false,
  hardwareReceive: false
}
const card = { name: "0000:00:05.0", driver: "ice", isVirtualFunction: false, phcIndexes: [0] }

const nothing: InterfaceFacts = {
  name: "x0",
  ifindex: undefined,
  linkUp: false,
  hardwareType: undefined,
  deviceType: undefined,
  entries: [],
  isLinked: false,
  portName: undefined,
  device: undefined,
  timestamping: software
}
const nic: InterfaceFacts = {
  ...nothing,
  hardwareType: 1,
  linkUp: true,
  device: card,
  timestamping: hardware,
  ifindex: 7
}

describe("classifyInterface", () => {
  it("takes an interface of which nothing is known for a virtual one", () => {
    assert.deepStrictEqual(classifyInterface(nothing), {
      name: "x0",
      kind: "virtual",
      linkUp: false,
      driver: undefined,
      pciAddress: undefined,
      phcIndex: undefined,
      hardwareTimestamping: false,
      softwareTimestamping: true,
      isTold: true,
      notCapable: "a virtual interface has no clock of its own"
    })
  })

  it("tells all of a NIC that ptp4l can use (L-46 which clock is it)", () => {
    assert.deepStrictEqual(classifyInterface(nic), {
      name: "x0",
      kind: "physical",
      ifindex: 7,
      linkUp: true,
      driver: "ice",
      pciAddress: "0000:00:05.0",
      phcIndex: 0,
      hardwareTimestamping: true,
      softwareTimestamping: true,
      isTold: true,
      notCapable: undefined
    })
  })

  it.each(
    [
      ["the kernel answered", software, true],
      ["the driver has no such call", { _tag: "Refused", errno: "EOPNOTSUPP" }, true],
      ["the NIC is busy", { _tag: "Refused", errno: "EBUSY" }, false],
      ["the kernel was not asked", { _tag: "NotAsked" }, false]
    ] as const
  )(
    "knows whether it is told or a guess: %s",
    (_, timestamping, expected) => assert.strictEqual(classifyInterface({ ...nic, timestamping }).isTold, expected)
  )

  const kinds: ReadonlyArray<readonly [what: string, facts: Partial<InterfaceFacts>, kind: NetworkInterface["kind"]]> =
    [
      ["a VLAN, though it reports the PHC of the NIC below", { deviceType: "vlan", isLinked: true }, "vlan"],
      ["a bond, though it reports the PHC of its active member", { deviceType: "bond" }, "bond"],
      ["a bond of a kernel without DEVTYPE", { entries: ["bonding"] }, "bond"],
      ["a bridge", { deviceType: "bridge" }, "bridge"],
      ["a bridge of a kernel without DEVTYPE", { entries: ["bridge"] }, "bridge"],
      ["a macvlan", { deviceType: "macvlan", isLinked: true, entries: ["lower_eth0"] }, "macvlan"],
      ["a macvtap", { deviceType: "macvtap", isLinked: true }, "macvlan"],
      ["an interface on top of another without DEVTYPE", { isLinked: true, entries: ["lower_eth0"] }, "macvlan"],
      ["an end of a veth, which lies on top of nothing", { isLinked: true, entries: ["upper_br0", "brport"] }, "veth"],
      ["a tap of a guest", { entries: ["tun_flags"] }, "tap"],
      ["a tunnel", { deviceType: "vxlan", isLinked: true }, "virtual"],
      ["a dummy", { hardwareType: 1 }, "virtual"],
      ["the loopback interface", { hardwareType: 772 }, "loopback"]
    ]
  for (const [what, facts, kind] of kinds) {
    it(`calls it ${kind}, and not capable: ${what}`, () => {
      const found = classifyInterface({ ...nothing, hardwareType: 1, timestamping: hardware, ...facts })
      assert.strictEqual(found.kind, kind)
      assert.isFalse(isPtpCapable(found))
    })
  }

  const hardwareKinds: ReadonlyArray<readonly [string, Partial<InterfaceFacts>, NetworkInterface["kind"]]> = [
    ["a member of a bond", { entries: ["master", "bonding_slave", "upper_bond0"] }, "physical"],
    ["a port of a bridge", { entries: ["master", "brport", "upper_br0"] }, "physical"],
    ["a port of a switch chip, linked to its CPU port", { isLinked: true, portName: "p0" }, "physical"],
    ["a virtual function", { device: { ...card, isVirtualFunction: true } }, "virtual-function"],
    ["a sub-function", { device: { ...card, name: "mlx5_core.sf.4" } }, "virtual-function"],
    ["the representor of a virtual function", { portName: "pf0vf3" }, "virtual-function"],
    ["the representor on a smart NIC's controller", { portName: "c1pf0sf88" }, "virtual-function"]
  ]
  for (const [what, facts, kind] of hardwareKinds) {
    it(`calls it ${kind}: ${what}`, () => {
      const found = classifyInterface({ ...nic, ...facts })
      assert.strictEqual(found.kind, kind)
      assert.strictEqual(isPtpCapable(found), kind === "physical")
    })
  }

  const reasons: ReadonlyArray<readonly [answer: TimestampingAnswer, reason: string | undefined]> = [
    [hardware, undefined],
    [software, "the NIC has no PTP hardware clock (PHC)"],
    [{ ...hardware, phcIndex: undefined }, "the NIC has no PTP hardware clock (PHC)"],
    [{ ...hardware, hardwareTransmit: false }, "the driver cannot stamp sent packets in hardware"],
    [{ ...hardware, hardwareReceive: false }, "the driver cannot stamp received packets in hardware"],
    [
      { _tag: "Refused", errno: "EOPNOTSUPP" },
      "the driver does not tell its time stamping abilities (EOPNOTSUPP)"
    ],
    [{ _tag: "Refused", errno: "ENODEV" }, "the interface went away while it was looked at"],
    [{ _tag: "Refused", errno: "EPERM" }, "the kernel does not tell its time stamping abilities (EPERM)"],
    [{ _tag: "NotAsked" }, undefined]
  ]
  for (const [timestamping, reason] of reasons) {
    it(`says of a NIC with the answer ${JSON.stringify(timestamping)}: ${reason ?? "capable"}`, () => {
      assert.strictEqual(classifyInterface({ ...nic, timestamping }).notCapable, reason)
    })
  }

  it("believes the device's ptp folder only where the kernel is not asked, and takes its lowest clock", () => {
    const device = { ...card, phcIndexes: [10, 9] }
    assert.strictEqual(classifyInterface({ ...nic, device, timestamping: { _tag: "NotAsked" } }).phcIndex, 9)
    assert.isUndefined(classifyInterface({ ...nic, device, timestamping: software }).phcIndex)
    assert.isUndefined(
      classifyInterface({ ...nic, device, timestamping: { _tag: "Refused", errno: "EOPNOTSUPP" } }).phcIndex
    )
    const bare = classifyInterface({ ...nic, device: { ...card, phcIndexes: [] }, timestamping: { _tag: "NotAsked" } })
    assert.strictEqual(bare.notCapable, "the NIC has no PTP hardware clock (PHC)")
    assert.isFalse(bare.hardwareTimestamping)
  })

  it("gives a PCI address only to a device on a PCI bus", () => {
    const addressOf = (name: string) => classifyInterface({ ...nic, device: { ...card, name } }).pciAddress
    assert.strictEqual(addressOf("0000:3b:00.1"), "0000:3b:00.1")
    assert.strictEqual(addressOf("10000:e1:00.0"), "10000:e1:00.0")
    assert.isUndefined(addressOf("virtio2"))
    assert.isUndefined(addressOf("30be0000.ethernet"))
  })

  const answer: fc.Arbitrary<TimestampingAnswer> = fc.oneof(
    fc.constant<TimestampingAnswer>({ _tag: "NotAsked" }),
    fc.record({ _tag: fc.constant("Refused" as const), errno: fc.string() }),
    fc.record({
      _tag: fc.constant("Answered" as const),
      phcIndex: fc.option(fc.nat(), { nil: undefined }),
      hardwareTransmit: fc.boolean(),
      hardwareReceive: fc.boolean(),
      software: fc.boolean()
    })
  )
  const anyText = fc.option(fc.oneof(fc.string(), fc.constantFrom("vlan", "bond", "pf0vf0")), { nil: undefined })
  const facts: fc.Arbitrary<InterfaceFacts> = fc.record({
    name: fc.string(),
    ifindex: fc.option(fc.nat(), { nil: undefined }),
    linkUp: fc.boolean(),
    hardwareType: fc.option(fc.constantFrom(1, 772, 32), { nil: undefined }),
    deviceType: anyText,
    entries: fc.array(fc.oneof(fc.string(), fc.constantFrom("bridge", "bonding", "tun_flags", "lower_eth0"))),
    isLinked: fc.boolean(),
    portName: anyText,
    device: fc.option(
      fc.record({
        name: fc.oneof(fc.string(), fc.constant("0000:00:05.0")),
        driver: anyText,
        isVirtualFunction: fc.boolean(),
        phcIndexes: fc.array(fc.nat(), { maxLength: 3 })
      }),
      { nil: undefined }
    ),
    timestamping: answer
  })

  it("calls only hardware with a PHC and stamps both ways capable, whatever the facts", () => {
    fc.assert(fc.property(facts, (all) => {
      const found = classifyInterface(all)
      const canServe = found.kind === "physical" && found.phcIndex !== undefined && found.hardwareTimestamping
      assert.strictEqual(isPtpCapable(found), canServe)
      assert.isTrue(found.kind !== "physical" || all.device !== undefined)
      assert.notStrictEqual(found.notCapable, "")
    }))
  })
})

describe("byName", () => {
  it("sorts in the same order whatever the order was", () => {
    const named = fc.uniqueArray(fc.string(), { maxLength: 8 }).map((names) => names.map((name) => ({ name })))
    fc.assert(fc.property(named, (list) => {
      assert.deepStrictEqual(list.toReversed().sort(byName), list.toSorted(byName))
    }))
    assert.deepStrictEqual(["eth10", "Eth1", "eth2"].map((name) => ({ name })).sort(byName).map(({ name }) => name), [
      "Eth1",
      "eth10",
      "eth2"
    ])
  })
})
