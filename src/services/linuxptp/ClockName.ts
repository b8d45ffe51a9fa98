/** How the programs of linuxptp name a clock on their command lines and in sections: by NIC, device or system clock. */
import { isInterfaceName } from "./ValuePattern.ts"
import { text, type ValueType } from "./ValueType.ts"

/** udev's rules give virtual clocks names that do not change: /dev/ptp_kvm, /dev/ptp_hyperv, /dev/ptp_ena. */
const phcDevice = /^\/dev\/ptp(?:[0-9]{1,4}|_[A-Za-z0-9_.-]{1,32})$/

/** The name of a NIC, meaning its clock, /dev/ptpN or /dev/ptp_NAME. */
const isPhcName = (name: string): boolean => phcDevice.test(name) || (isInterfaceName(name) && !/^CLOCK_/i.test(name))

/**
 * linuxptp below 4.0 takes what follows /dev/ptp for a number (util.c, posix_clock_open) and ends, but only if the path
 * begins with exactly these characters. The kernel takes two slashes for one.
 */
const writePhcNameBefore4 = (name: string): string => name.replace(/^\/dev\/ptp_/, "//dev/ptp_")

/** ptp4l -p. It opens what is not /dev/ptpN as it is, so the name of a NIC is not possible. */
export const phcDevicePath = text("/dev/ptpN or /dev/ptp_NAME", (name) => phcDevice.test(name))

const device = "an interface name, /dev/ptpN or /dev/ptp_NAME"

/** ts2phc -c. */
export const phcName = text(device, isPhcName)
export const phcNameBefore4 = text(device, isPhcName, writePhcNameBefore4)

/** Names of system clocks, which linuxptp reads in upper or lower case. */
const realTime = /^CLOCK_REALTIME$/i
const auxiliary = /^CLOCK_AUX[0-7]$/i

const clock = (system: ReadonlyArray<RegExp>, names: string, writePhc: (name: string) => string): ValueType => {
  const isSystem = (name: string): boolean => system.some((pattern) => pattern.test(name))
  return text(
    `${device}, or ${names}`,
    (name) => isPhcName(name) || isSystem(name),
    (name) => isSystem(name) ? name.toUpperCase() : writePhc(name)
  )
}

/** phc2sys -s and -c. The auxiliary clocks came after linuxptp 4.4. */
export const clockNameBefore4 = clock([realTime], "CLOCK_REALTIME", writePhcNameBefore4)
export const clockName = clock([realTime], "CLOCK_REALTIME", (name) => name)
export const clockNameAfter44 = clock([realTime, auxiliary], "CLOCK_REALTIME or CLOCK_AUXn", (name) => name)

/** phc2sys -C. */
export const systemClock = text(
  "CLOCK_REALTIME or CLOCK_AUXn",
  (name) => realTime.test(name) || auxiliary.test(name),
  (name) => name.toUpperCase()
)

const pulseSource = /^(?:generic|nmea)$/i

/** Whether `name` is a source of pulses that is not a PHC (linuxptp ts2phc.c, main). */
export const isPulseSource = (name: string): boolean => pulseSource.test(name)

const source = (writePhc: (name: string) => string): ValueType =>
  text(
    `generic, nmea, ${device}`,
    (name) => isPulseSource(name) || isPhcName(name),
    (name) => isPulseSource(name) ? name.toLowerCase() : writePhc(name)
  )

/** ts2phc -s, and ts2phc.tod_source from 4.0 on. */
export const todSource = source((name) => name)
export const todSourceBefore4 = source(writePhcNameBefore4)
