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

export const interfaceName = text("an interface name", isInterfaceName)

export const ppsDevice = matching("/dev/ppsN", /^\/dev\/pps[0-9]{1,4}$/)

const serialDevice = /^\/dev\/(?:tty|gnss)[A-Za-z0-9_.:-]{1,64}$/
const namedSerialDevice = /^\/dev\/serial\/by-(?:id|path)\/[A-Za-z0-9_:-][A-Za-z0-9_.:-]{0,127}$/

/** A console belongs to the person in front of the machine. */
const consoles = /^\/dev\/tty[0-9]*$/

export const serialPort = text(
  "/dev/tty…, /dev/gnss…, /dev/serial/by-id/… or /dev/serial/by-path/…, and no console",
  (path) => namedSerialDevice.test(path) || (serialDevice.test(path) && !consoles.test(path))
)

const readablePath = /^\/(?:etc\/linuxptp|usr\/share\/zoneinfo)(?:\/[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,63}){1,8}$/

/** Files that linuxptp and chronyd read: only below directories that hold time data, and without `..`. */
export const isReadableFile = (path: string): boolean => readablePath.test(path)

export const readableFile = text("a file below /etc/linuxptp/ or /usr/share/zoneinfo/", isReadableFile)

/** The socket of a reference clock, which chronyd opens and linuxptp writes to. linuxptp's default is allowed too. */
export const chronySocket = text(
  "a socket below /run/ or /var/run/ whose name begins with chrony",
  (path) =>
    path === "/var/run/refclock.ptp.sock" ||
    /^\/(?:var\/)?run\/chrony[A-Za-z0-9._-]{0,32}(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,31})?$/.test(path)
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

/**
 * Text that linuxptp only sends to other clocks. The limits are those of its PTPText fields (clock.c, clock_create):
 * characters, and at most 255 bytes.
 */
export const freeText = (maxCharacters: number): ValueType =>
  text(`text of at most ${maxCharacters} characters`, (value) => isFreeText(value, maxCharacters))

const isFreeText = (value: string, maxCharacters: number): boolean =>
  value.trim() !== "" && findControlCharacter(value) === undefined &&
  [...value].length <= maxCharacters && new TextEncoder().encode(value).length <= 255

/** Free text in three parts, as IEEE 1588 describes a product and its revisions. */
export const threeParts = (maxCharacters: number): ValueType =>
  text(
    `text of at most ${maxCharacters} characters in three parts with ; between`,
    (value) => isFreeText(value, maxCharacters) && value.split(";").length === 3
  )

/** The value of an option that is not passed on; any text. */
export const anyText = text("text", () => true)
