/**
 * Decides from facts what kind of network interface something is and whether ptp4l can use its clock. A layer has read
 * the facts. A VLAN, a macvlan and a bond report the PHC of the NIC below them, so a PHC alone is no proof of a NIC.
 * Therefore the kind is checked first, then the PHC, then the time stamps.
 */
import type { NetworkInterface } from "./PtpDevice.ts"

/** The hardware behind an interface: `/sys/class/net/NIC/device`. */
export interface InterfaceDevice {
  /** Its name on its bus, such as `0000:00:05.0` or `virtio2`. */
  readonly name: string
  readonly driver: string | undefined
  /** True if it has a `physfn` link: the device is a virtual function (SR-IOV). */
  readonly isVirtualFunction: boolean
  /** The number N of each folder `ptp/ptpN`. */
  readonly phcIndexes: ReadonlyArray<number>
}

/** The kernel's answer about an interface's time stamps (`ETHTOOL_GET_TS_INFO`). */
export type TimestampingAnswer =
  | {
    readonly _tag: "Answered"
    readonly phcIndex: number | undefined
    readonly hardwareTransmit: boolean
    readonly hardwareReceive: boolean
    readonly software: boolean
  }
  /** The kernel cannot be asked, or the interfaces are not its own; then the device's `ptp` folder decides. */
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
  /**
   * Names in the interface's folder (`bridge`, `bonding`, `tun_flags`, `lower_eth0` ...). They show which kind it is.
   */
  readonly entries: ReadonlyArray<string>
  /** True if its packets leave through another interface (`iflink` differs from `ifindex`). */
  readonly isLinked: boolean
  /** `p0` for a port, `pf0vf3` for the representor of a virtual function. */
  readonly portName: string | undefined
  /** Undefined for an interface without hardware. */
  readonly device: InterfaceDevice | undefined
  readonly timestamping: TimestampingAnswer
}

type Kind = NetworkInterface["kind"]

const ETHERNET_LOOPBACK = 772
const pciAddress = /^[\da-f]{4,8}:[\da-f]{2}:[\da-f]{2}\.[0-7]$/
// Names by Linux devlink: c<controller>pf<function>vf<n> and ...sf<n>. The physical port itself is p<n>.
const representorPort = /^(c\d+)?pf\d+((vf|sf)\d+)?$/
const subFunction = /\.sf\.\d+$/

/** Turns the facts about one interface into what is published about it. Never throws. */
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

/** EOPNOTSUPP is an answer too. Other errors come from a driver that is just starting or stopping. */
const isTold = (answer: TimestampingAnswer): boolean =>
  answer._tag === "Answered" || (answer._tag === "Refused" && answer.errno === "EOPNOTSUPP")

/** Sorts by name in the order of code units, which is the same on every node. */
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
  // The two ends of a veth are linked to each other, but neither is on top of the other.
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
