/**
 * Says what a network interface is and whether ptp4l can use its clock, from facts that a layer has read.
 * Device discovery uses it; it reads nothing itself. A VLAN, a macvlan and a bond report the PHC of the NIC below
 * them, so a PHC alone makes no NIC: the kind comes first, then the PHC, then the time stamps.
 */
import type { NetworkInterface } from "./PtpDevice.ts"

/** The hardware behind an interface: `/sys/class/net/NIC/device`. */
export interface InterfaceDevice {
  /** Its name on its bus: `0000:00:05.0`, `virtio2`. */
  readonly name: string
  readonly driver: string | undefined
  /** True with a `physfn` link: the device is a virtual function (SR-IOV). */
  readonly isVirtualFunction: boolean
  /** N of each `ptp/ptpN`. */
  readonly phcIndexes: ReadonlyArray<number>
}

/** What the kernel says of an interface's time stamps (`ETHTOOL_GET_TS_INFO`). */
export type TimestampingAnswer =
  | {
    readonly _tag: "Answered"
    readonly phcIndex: number | undefined
    readonly hardwareTransmit: boolean
    readonly hardwareReceive: boolean
    readonly software: boolean
  }
  /** The kernel can't be asked, or the interfaces are not its own: the device's `ptp` folder decides. */
  | { readonly _tag: "NotAsked" }
  | { readonly _tag: "Refused"; readonly errno: string }

/** Everything that is known of one interface. */
export interface InterfaceFacts {
  readonly name: string
  readonly ifindex: number | undefined
  readonly linkUp: boolean
  /** ARPHRD number: 1 is Ethernet, 772 loopback (Linux if_arp.h). */
  readonly hardwareType: number | undefined
  /** `DEVTYPE` of `uevent`: vlan, bond, bridge, vxlan ... Absent for a NIC, a veth, a tap and a macvlan. */
  readonly deviceType: string | undefined
  /** Names in the interface's folder: `bridge`, `bonding`, `tun_flags`, `lower_eth0` ... tell kinds apart. */
  readonly entries: ReadonlyArray<string>
  /** True when its packets leave through another interface (`iflink` is not `ifindex`). */
  readonly isLinked: boolean
  /** `p0` of a port, `pf0vf3` of a virtual function's representor. */
  readonly portName: string | undefined
  /** Undefined for an interface that is only software. */
  readonly device: InterfaceDevice | undefined
  readonly timestamping: TimestampingAnswer
}

type Kind = NetworkInterface["kind"]

const ETHERNET_LOOPBACK = 772
const pciAddress = /^[\da-f]{4,8}:[\da-f]{2}:[\da-f]{2}\.[0-7]$/
// Linux devlink names: c<controller>pf<function>vf<n> and ...sf<n>; the physical port itself is p<n>.
const representorPort = /^(c\d+)?pf\d+((vf|sf)\d+)?$/
const subFunction = /\.sf\.\d+$/

/** Turns the facts of one interface into what is published of it. Never throws. */
export const classifyInterface = (facts: InterfaceFacts): NetworkInterface => {
  const { device, timestamping } = facts
  const kind = kindOf(facts)
  const phcIndex = phcIndexOf(facts)
  return {
    name: facts.name,
    kind,
    ...(facts.ifindex === undefined ? {} : { ifindex: facts.ifindex }),
    linkUp: facts.linkUp,
    driver: device?.driver,
    pciAddress: device !== undefined && pciAddress.test(device.name) ? device.name : undefined,
    phcIndex,
    hardwareTimestamping: timestamping._tag === "Answered"
      ? timestamping.hardwareTransmit && timestamping.hardwareReceive
      : timestamping._tag === "NotAsked" && phcIndex !== undefined,
    softwareTimestamping: timestamping._tag === "Answered" ? timestamping.software : timestamping._tag === "NotAsked",
    isTold: isTold(timestamping),
    notCapable: wrongKind[kind] ?? missingClock(timestamping, phcIndex)
  }
}

/** EOPNOTSUPP is an answer too; other errors come and go with the driver. */
const isTold = (answer: TimestampingAnswer): boolean =>
  answer._tag === "Answered" || (answer._tag === "Refused" && answer.errno === "EOPNOTSUPP")

/** Sorts by name in code-unit order, which is the same on every node whatever its locale. */
export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0

const kindOf = (facts: InterfaceFacts): Kind => {
  if (facts.hardwareType === ETHERNET_LOOPBACK) return "loopback"
  if (facts.device === undefined) return softwareKindOf(facts)
  const isRepresentor = facts.portName !== undefined && representorPort.test(facts.portName)
  return facts.device.isVirtualFunction || subFunction.test(facts.device.name) || isRepresentor
    ? "virtual-function"
    : "physical"
}

const softwareKindOf = ({ deviceType, entries, isLinked }: InterfaceFacts): Kind => {
  if (deviceType === "vlan" || deviceType === "bridge" || deviceType === "bond") return deviceType
  if (deviceType === "macvlan" || deviceType === "macvtap") return "macvlan"
  if (deviceType !== undefined) return "virtual"
  if (entries.includes("bridge")) return "bridge"
  if (entries.includes("bonding")) return "bond"
  if (entries.includes("tun_flags")) return "tap"
  if (!isLinked) return "virtual"
  // Both ends of a veth are linked to each other, but neither lies on top of the other.
  return entries.some((entry) => entry.startsWith("lower_")) ? "macvlan" : "veth"
}

const phcIndexOf = ({ device, timestamping }: InterfaceFacts): number | undefined => {
  if (timestamping._tag === "Answered") return timestamping.phcIndex
  if (timestamping._tag === "Refused" || device === undefined || device.phcIndexes.length === 0) return undefined
  return Math.min(...device.phcIndexes)
}

const wrongKind: Readonly<Record<Kind, string | undefined>> = {
  "physical": undefined,
  "virtual": "a virtual interface has no clock of its own",
  "virtual-function": "a virtual function uses the clock of its physical function",
  "vlan": "a VLAN uses the clock of the NIC below it",
  "bond": "a bond uses the clock of its active member",
  "bridge": "a bridge has no clock: use one of its ports",
  "macvlan": "a macvlan uses the clock of the NIC below it",
  "veth": "a veth has no clock: it ends in software",
  "tap": "a tap has no clock: it ends in a program",
  "loopback": "the loopback interface has no clock"
}

const missingClock = (answer: TimestampingAnswer, phcIndex: number | undefined): string | undefined => {
  if (answer._tag === "Refused") return refusal(answer.errno)
  if (phcIndex === undefined) return "the NIC has no PTP hardware clock (PHC)"
  if (answer._tag === "NotAsked") return undefined
  if (!answer.hardwareTransmit) return "the driver cannot stamp sent packets in hardware"
  if (!answer.hardwareReceive) return "the driver cannot stamp received packets in hardware"
  return undefined
}

const refusal = (errno: string): string => {
  if (errno === "ENODEV") return "the interface went away while it was looked at"
  if (errno === "EOPNOTSUPP") return "the driver does not tell its time stamping abilities (EOPNOTSUPP)"
  return `the kernel does not tell its time stamping abilities (${errno})`
}
