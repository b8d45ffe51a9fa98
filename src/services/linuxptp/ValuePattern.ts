/**
 * The text values that options may have: names of interfaces and clocks, devices, files, addresses. Each check is
 * stricter than linuxptp's own, because linuxptp opens, creates or deletes what it is given as root.
 */
import { findControlCharacter } from "./ControlCharacter.ts"
import { text, type ValueType } from "./ValueType.ts"

const matching = (expected: string, pattern: RegExp): ValueType => text(expected, (value) => pattern.test(value))

const interfaceCharacters = /^[A-Za-z0-9._:@][A-Za-z0-9._:@-]{0,14}$/

/**
 * As section names these mean something else, `[global]` in upper or lower case (linuxptp config.c,
 * parse_section_line).
 */
const sectionNames: ReadonlySet<string> = new Set(["global", "cmlds", "nmea"])

/**
 * Whether the kernel and a path below /sys accept `name` for a NIC (IFNAMSIZ is 16 with the final zero byte), and
 * linuxptp accepts it for a port.
 */
export const isInterfaceName = (name: string): boolean =>
  interfaceCharacters.test(name) && name !== "." && name !== ".." && !sectionNames.has(name.toLowerCase())

const phcDevice = /^\/dev\/ptp[0-9]{1,4}$/
const systemClockName = /^CLOCK_[A-Z0-9_]{1,24}$/

/** The name of a NIC, meaning its clock, or /dev/ptpN. */
export const isPhcName = (name: string): boolean => isInterfaceName(name) || phcDevice.test(name)

export const interfaceName = text("an interface name", isInterfaceName)

/** ptp4l -p. linuxptp reads it with sscanf("/dev/ptp%d"), so the name of a NIC is not possible. */
export const phcDevicePath = matching("/dev/ptpN", phcDevice)

/** ts2phc -c. */
export const phcName = text("an interface name or /dev/ptpN", isPhcName)

/** phc2sys -s and -c. */
export const clockName = text(
  "an interface name, /dev/ptpN or a clock name as CLOCK_REALTIME",
  (name) => isPhcName(name) || systemClockName.test(name)
)

/** phc2sys -C. */
export const systemClock = matching("a clock name as CLOCK_REALTIME", systemClockName)

/** Whether `name` is a source of pulses that is not a PHC (linuxptp ts2phc.c, main). */
export const isPulseSource = (name: string): boolean => name === "generic" || name === "nmea"

/** ts2phc -s. */
export const todSource = text(
  "generic, nmea, an interface name or /dev/ptpN",
  (name) => isPulseSource(name) || isPhcName(name)
)

export const ppsDevice = matching("/dev/ppsN", /^\/dev\/pps[0-9]{1,4}$/)

export const serialPort = matching("/dev/tty… or /dev/gnss…", /^\/dev\/(?:tty|gnss)[A-Za-z0-9]{1,24}$/)

/** Files that linuxptp reads: only below directories that hold time data, and without `..`. */
export const readableFile = text(
  "a file below /etc/linuxptp/ or /usr/share/zoneinfo/",
  (path) => /^\/(?:etc\/linuxptp|usr\/share\/zoneinfo)(?:\/[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,63}){1,8}$/.test(path)
)

/** The socket of a reference clock, which chronyd opens and linuxptp writes to. linuxptp's default is allowed too. */
export const chronySocket = text(
  "a socket below /var/run/ whose name begins with chrony",
  (path) =>
    path === "/var/run/refclock.ptp.sock" ||
    /^\/var\/run\/chrony[A-Za-z0-9._-]{0,32}(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,31})?$/.test(path)
)

/** A clock identity as linuxptp prints it: `000000.0000.000000`. */
export const clockIdentity = matching(
  "a clock identity as 001122.fffe.334455",
  /^[0-9A-Fa-f]{6}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{6}$/
)

const octets = (count: number): RegExp => new RegExp(`^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){${count - 1}}$`)

export const manufacturerIdentity = matching("three octets as 00:1b:19", octets(3))
export const profileIdentity = matching("six octets as 00:1b:19:00:01:00", octets(6))

const macText = octets(6)
export const macAddress = matching("a MAC address", macText)

const decimalOctet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
const ipv4Text = new RegExp(`^${decimalOctet}(?:\\.${decimalOctet}){3}$`)

/** Whether `address` has four decimal octets. */
export const isIpv4 = (address: string): boolean => ipv4Text.test(address)

/** Whether `address` is an IPv6 address: RFC 4291 2.2, with an IPv4 tail, without a zone. */
export const isIpv6 = (address: string): boolean => {
  if (address.length > 45) return false
  const tail = address.slice(address.lastIndexOf(":") + 1)
  const whole = tail.includes(".") && isIpv4(tail) ? address.slice(0, -tail.length) + "0:0" : address
  const halves = whole.split("::")
  if (halves.length > 2) return false
  const groups = halves.flatMap((half) => half === "" ? [] : half.split(":"))
  return groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group)) &&
    (halves.length === 2 ? groups.length < 8 : groups.length === 8)
}

/** Whether `address` is a MAC address. */
export const isMac = (address: string): boolean => macText.test(address)

export const ipv4Address = text("an IPv4 address", isIpv4)
export const ipv6Address = text("an IPv6 address", isIpv6)

/**
 * A DNS name. Its last label begins with a letter, so that an unusual spelling of an IPv4 address is not taken for a
 * name.
 */
const dnsName =
  /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.){0,15}[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/

/** Whether `name` is the name or address of a host on the network. */
export const isHost = (name: string): boolean =>
  name.length <= 253 && (dnsName.test(name) || isIpv4(name) || isIpv6(name))

export const host = text("a host name or address", isHost)
export const portNumberOrService = matching("a port number or service name", /^[A-Za-z0-9-]{1,15}$/)

/** Names of pins, as /sys/class/ptp/ptpN/pins has them. */
export const pinName = matching("a pin name", /^[A-Za-z0-9._-]{1,63}$/)

/** Text that linuxptp only sends to other clocks. The limits are those of its PTPText fields. */
export const freeText = (maxBytes: number): ValueType =>
  text(
    `text of at most ${maxBytes} bytes`,
    (value) =>
      value.trim() !== "" && findControlCharacter(value) === undefined &&
      new TextEncoder().encode(value).length <= maxBytes
  )

/** The value of an option that is not passed on; any text. */
export const anyText = text("text", () => true)
