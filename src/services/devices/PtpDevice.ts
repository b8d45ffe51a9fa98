/** A network interface as PTP sees it: its PTP hardware clock (PHC), or the reason why it cannot be used. */

/** `kind` is "physical" for the only kind that PTP can use. */
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
  /** The kernel's number of the interface. The same name with another number is another interface. */
  readonly ifindex?: number
  readonly linkUp: boolean
  readonly driver: string | undefined
  /** `0000:00:05.0`; undefined when the device is not on a PCI bus. */
  readonly pciAddress: string | undefined
  /** N of /dev/ptpN. */
  readonly phcIndex: number | undefined
  readonly hardwareTimestamping: boolean
  readonly softwareTimestamping: boolean
  /**
   * True if the kernel has answered about PHC and time stamps. Otherwise they are read from files, or unknown at the
   * moment.
   */
  readonly isTold?: boolean
  /**
   * Undefined if the interface can do PTP (a physical NIC with a PHC and hardware time stamps in both directions).
   * Otherwise one sentence says why not.
   */
  readonly notCapable: string | undefined
}

/** True for an interface that is listed in the NodePTPDev. */
export const isPtpCapable = (nic: NetworkInterface): boolean => nic.notCapable === undefined
