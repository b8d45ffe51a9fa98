/**
 * A network interface as precision time sees it: its PTP hardware clock (PHC), or the reason why it can't serve.
 */

/** Where an interface hangs and what it is; `kind` is "physical" for the only kind that PTP needs. */
export interface NetworkInterface {
  readonly name: string
  readonly kind:
    | "physical"
    | "virtual"
    | "virtual-function"
    | "vlan"
    | "bond"
    | "bridge"
    | "macvlan"
    | "veth"
    | "tap"
    | "loopback"
  /** The kernel's number of it: another one under the same name is another interface. */
  readonly ifindex?: number
  readonly linkUp: boolean
  readonly driver: string | undefined
  /** `0000:00:05.0`; undefined when the device is not on a PCI bus. */
  readonly pciAddress: string | undefined
  /** N of /dev/ptpN. */
  readonly phcIndex: number | undefined
  readonly hardwareTimestamping: boolean
  readonly softwareTimestamping: boolean
  /** True when the kernel said so of PHC and time stamps; else they are read off files, or not known for now. */
  readonly isTold?: boolean
  /** Undefined: capable (a physical NIC with a PHC and hardware stamps both ways). Else one sentence. */
  readonly notCapable: string | undefined
}

/** True for an interface that NodePTPDev lists. */
export const isPtpCapable = (nic: NetworkInterface): boolean => nic.notCapable === undefined
