import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as clock from "../../../src/services/linuxptp/ClockName.ts"
import * as pattern from "../../../src/services/linuxptp/ValuePattern.ts"
import {
  decimal,
  decimalMin,
  integer,
  readValue,
  type ValueType,
  word
} from "../../../src/services/linuxptp/ValueType.ts"

const valueOf = (type: ValueType, text: string): string | undefined => {
  const read = readValue(type, text)
  return "value" in read ? read.value : undefined
}

describe("readValue", () => {
  it.each<[string, ValueType, string, string | undefined]>([
    ["integer(0, 255)", integer(0, 255), "", undefined],
    ["integer(0, 255)", integer(0, 255), "24", "24"],
    ["integer(0, 255)", integer(0, 255), "+24", "24"],
    ["integer(0, 255)", integer(0, 255), "0x18", "24"],
    ["integer(0, 255)", integer(0, 255), "030", "24"],
    ["integer(0, 255)", integer(0, 255), "08", undefined],
    ["integer(0, 255)", integer(0, 255), "24 ", undefined],
    ["integer(0, 255)", integer(0, 255), "24.0", undefined],
    ["integer(0, 255)", integer(0, 255), "256", undefined],
    ["integer(0, 255)", integer(0, 255), "-0", "0"],
    ["integer(0, 255)", integer(0, 255), "99999999999999999999999", undefined],
    ["integer(-128, 127, 'ASAP')", integer(-128, 127, "ASAP"), "asap", "ASAP"],
    ["integer(-128, 127)", integer(-128, 127), "asap", undefined],
    ["decimal(0, 1)", decimal(0, 1), "0.5", "0.5"],
    ["decimal(0, 1)", decimal(0, 1), ".5e0", "0.5"],
    ["decimal(0, 1)", decimal(0, 1), "1.", "1"],
    ["decimal(0, 1)", decimal(0, 1), "1.01", undefined],
    ["decimal(0, Number.MAX_VALUE)", decimal(0, Number.MAX_VALUE), "1e999", undefined],
    ["decimal(0, Number.MAX_VALUE)", decimal(0, Number.MAX_VALUE), "1e-999", undefined],
    ["decimal(0, Number.MAX_VALUE)", decimal(0, Number.MAX_VALUE), "0e-999", "0"],
    ["decimal(0, Number.MAX_VALUE)", decimal(0, Number.MAX_VALUE), "inf", undefined],
    ["decimal(0, Number.MAX_VALUE)", decimal(0, Number.MAX_VALUE), "nan", undefined],
    ["decimal(0, Number.MAX_VALUE)", decimal(0, Number.MAX_VALUE), "0x10", undefined],
    ["word('UDPv4', 'L2')", word("UDPv4", "L2"), "udpV4", "UDPv4"],
    ["word('UDPv4', 'L2')", word("UDPv4", "L2"), "UDP", undefined]
  ])("reads $0: $2 is $3", (_name, type, text, expected) => {
    assert.strictEqual(valueOf(type, text), expected)
  })

  it("reads a canonical number as itself", () => {
    const type = decimal(-Number.MAX_VALUE, Number.MAX_VALUE)
    const numbers = fc.double({ noNaN: true, noDefaultInfinity: true })
    fc.assert(fc.property(numbers.filter((number) => number === 0 || Math.abs(number) >= decimalMin), (number) => {
      const value = valueOf(type, String(number))
      assert.isDefined(value)
      assert.strictEqual(valueOf(type, value ?? ""), value)
    }))
  })
})

describe("the text that options may carry", () => {
  it.each<[string, ValueType, ReadonlyArray<string>, ReadonlyArray<string>]>([
    [
      "an interface name",
      pattern.interfaceName,
      ["eth0", "ens1f0np0", "eth0.100", "eth0:1", "br-ex", "a@b", "123456789012345"],
      ["", ".", "..", "-i", "a/b", "../x", "1234567890123456", "e th", "eth0\n", "éth0"]
    ],
    ["a PHC", clock.phcDevicePath, ["/dev/ptp0", "/dev/ptp12", "/dev/ptp_ena", "/dev/ptp_hyperv"], [
      "/dev/ptp",
      "/dev/ptp_",
      "/dev/ptp_/../sda",
      "/dev/ptpx",
      "/dev/ptp0/../sda",
      "/dev/pts/0",
      "ptp0"
    ]],
    ["a clock", clock.clockName, ["eth0", "/dev/ptp0", "/dev/ptp_kvm", "CLOCK_REALTIME"], [
      "/dev/sda",
      "/etc/shadow",
      "CLOCK_TAI",
      "CLOCK_AUX0",
      ""
    ]],
    ["a clock after 4.4", clock.clockNameAfter44, ["CLOCK_AUX0", "CLOCK_AUX7"], [
      "CLOCK_AUX8",
      "CLOCK_AUX",
      "CLOCK_TAI"
    ]],
    ["a PPS device", pattern.ppsDevice, ["/dev/pps0"], ["/dev/ppsx", "/dev/ptp0"]],
    [
      "a serial port",
      pattern.serialPort,
      [
        "/dev/ttyS0",
        "/dev/ttyACM0",
        "/dev/ttyGNSS_1800_0",
        "/dev/ttyUSB-gps.0",
        "/dev/gnss0",
        "/dev/serial/by-id/usb-u-blox_AG_-_www.u-blox.com_u-blox_GNSS_receiver-if00",
        "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0"
      ],
      [
        "/dev/tty",
        "/dev/tty0",
        "/dev/tty63",
        "/dev/sda",
        "/dev/tty/../sda",
        "/dev/serial/by-id/..",
        "/dev/serial/by-id/../../sda",
        "/dev/serial/by-uuid/x",
        "/dev/serial/by-id/",
        "/dev/serial"
      ]
    ],
    [
      "a file with time data",
      pattern.readableFile,
      ["/etc/linuxptp/leap", "/usr/share/zoneinfo/leap-seconds.list", "/usr/share/zoneinfo/right/UTC"],
      ["/etc/shadow", "/etc/linuxptp/", "/etc/linuxptp/../shadow", "/etc/linuxptp/.hidden", "/etc/linuxptpx/a", "leap"]
    ],
    [
      "chronyd's socket",
      pattern.chronySocket,
      ["/var/run/chrony.sock", "/var/run/chrony/a.sock", "/run/chrony/a.sock", "/var/run/refclock.ptp.sock"],
      ["/var/run/docker.sock", "/var/run/chrony/../docker.sock", "/run/docker.sock", "/var/run/chrony/"]
    ],
    ["an IPv4 address", pattern.ipv4Address, ["224.0.1.129"], ["224.0.1", "224.0.1.256", "0224.0.1.1", "1.2.3.4.5"]],
    [
      "an IPv6 address",
      pattern.ipv6Address,
      ["::", "::1", "FF0E:0:0:0:0:0:0:181", "fe80::1:2", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8"],
      ["", ":", "1:2:3:4:5:6:7", "1::2::3", "1:2:3:4:5:6:7:8:9", "fe80::1%eth0", "12345::", ":1:2:3:4:5:6:7:8"]
    ],
    [
      "a host",
      pattern.host,
      ["ntp", "ntp-1.example.com", "a_b.example", "10.0.0.1", "::1"],
      ["", "-a", "a/b", "0x7f.1", "127.1", "2130706433", "a..b", "a b"]
    ],
    ["a MAC address", pattern.macAddress, ["01:1B:19:00:00:00"], ["01:1B:19:00:00", "01-1B-19-00-00-00"]],
    ["a clock identity", pattern.clockIdentity, ["000000.0000.000000"], ["000000.0000.00000", "000000:0000:000000"]],
    ["free text", pattern.freeText(5), ["rack5", "é12éé", "[x]"], ["", " ", "rack 5", "a\tb", "éééééé"]],
    ["text in three parts", pattern.threeParts(9), [";;", "a;b;c"], ["", "a", "a;b", "a;b;c;d", "aaa;bbb;ccc"]]
  ])("is %s, whole and of bounded length", (_name, type, accepted, refused) => {
    assert.deepStrictEqual(accepted.map((text) => valueOf(type, text)), [...accepted])
    assert.deepStrictEqual(refused.filter((text) => valueOf(type, text) !== undefined), [])
  })
})
