/**
 * Asks the kernel which time stamps an interface supports, by the ioctl SIOCETHTOOL with ETHTOOL_GET_TS_INFO, as ptp4l
 * does. SysfsDeviceDiscovery uses it. It does not start the program ethtool: a call takes microseconds, a program
 * milliseconds.
 */
import { Effect, type Scope } from "effect"
import type { TimestampingAnswer } from "../../services/devices/InterfaceClassification.ts"
import * as Libc from "../native/Libc.ts"

const AF_INET = 2
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000
const SIOCETHTOOL = 0x8946
const ETHTOOL_GET_TS_INFO = 0x41

// struct ethtool_ts_info, Linux uapi/linux/ethtool.h: cmd, so_timestamping, phc_index, tx_types, [3], rx_filters, [3].
const TS_INFO_SIZE = 44
const SO_TIMESTAMPING = 4
const PHC_INDEX = 8
const TX_TYPES = 12
const RX_FILTERS = 28

// Linux uapi/linux/net_tstamp.h, SOF_TIMESTAMPING_*.
const TX_HARDWARE = 1 << 0
const TX_SOFTWARE = 1 << 1
const RX_HARDWARE = 1 << 2
const RX_SOFTWARE = 1 << 3
const SOFTWARE = 1 << 4
const RAW_HARDWARE = 1 << 6
const TX_OFF = 1 << 0
const RX_NONE = 1 << 0

/** Asks for one interface in this network namespace. Never fails: a refusal of the kernel is an answer too. */
export type AskTimestamping = (interfaceName: string) => TimestampingAnswer

/** Opens the one socket that all questions use. It is closed with the scope. */
export const open: Effect.Effect<
  AskTimestamping,
  Libc.SystemCallError | Libc.LibcUnavailable,
  Libc.Libc | Scope.Scope
> = Effect.gen(function*() {
  const libc = yield* Libc.calls
  const fd = yield* Libc.openSocket(AF_INET, SOCK_DGRAM_CLOEXEC, 0)
  const ask: AskTimestamping = (name) => {
    const tsInfo = Buffer.alloc(TS_INFO_SIZE)
    tsInfo.writeUInt32LE(ETHTOOL_GET_TS_INFO)
    if (libc.ioctl(fd, SIOCETHTOOL, { name, data: tsInfo }) < 0) return { _tag: "Refused", errno: libc.errno() }
    return readTsInfo(tsInfo)
  }
  return ask
}).pipe(Effect.withSpan("EthtoolIoctl.open"))

/** Reads a filled `struct ethtool_ts_info` with the rules of linuxptp clock.c, clock_create (required_modes). */
export const readTsInfo = (tsInfo: Buffer): TimestampingAnswer => {
  const flags = tsInfo.readUInt32LE(SO_TIMESTAMPING)
  const phcIndex = tsInfo.readInt32LE(PHC_INDEX)
  const hasFlags = (wanted: number) => (flags & wanted) === wanted
  // Some drivers set these flags for a whole family of NICs but offer no mode on this one.
  const canTransmit = (tsInfo.readUInt32LE(TX_TYPES) & ~TX_OFF) !== 0
  const canReceive = (tsInfo.readUInt32LE(RX_FILTERS) & ~RX_NONE) !== 0
  return {
    _tag: "Answered",
    phcIndex: phcIndex < 0 ? undefined : phcIndex,
    hardwareTransmit: hasFlags(TX_HARDWARE | RAW_HARDWARE) && canTransmit,
    hardwareReceive: hasFlags(RX_HARDWARE | RAW_HARDWARE) && canReceive,
    software: hasFlags(TX_SOFTWARE | RX_SOFTWARE | SOFTWARE)
  }
}
