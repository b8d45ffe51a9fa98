import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { hintForMessage } from "../../../src/services/linuxptp/KnownFaults.ts"

describe("hintForMessage", () => {
  it.each([
    "",
    " ",
    "port 1: ",
    "port 1 (eth0): link up",
    "port 1 (eth0): assuming the grand master role",
    "port 1 (eth0): new foreign master 62bd56.fffe.1c046d-1",
    "port 1 (eth0): received link status notification",
    "port 2: just a bunch of devices",
    "selected /dev/ptp0 as PTP clock",
    "updating UTC offset to 37",
    "Waiting for ptp4l...",
    "reconfiguring after port state change",
    "source clock not ready, waiting...",
    "process 7 started: /usr/sbin/ptp4l -f failed ",
    "process 7 terminated with status 0",
    "config item eth0.fault_reset_interval is 4",
    "the port said: link down"
  ])("judges nothing in %j", (text) => {
    assert.isUndefined(hintForMessage(text))
  })

  // Texts of linuxptp 3.1.1, 4.4 and its development head.
  it.each([
    ["timed out while polling for tx timestamp", "tx_timestamp_timeout"],
    [
      "increasing tx_timestamp_timeout or increasing kworker priority may correct this issue, but a driver bug likely causes it",
      "driver"
    ],
    ["port 1 (eth0): received SYNC without timestamp", "driver"],
    ["missing timestamp on transmitted peer delay request", "driver"],
    ["port 1: send peer delay response failed", "link"],
    ["port 1 (eth0): recv message failed", "link"],
    ["port 1: unexpected socket error", "FAULTY"],
    ["port 1 (eth0): error on fda[0]: Network is down", "FAULTY"],
    ["port 1 (eth0.100): link down", "carrier"],
    ["interface reported zero link speed - link down?", "carrier"],
    ["port 1 (eth0): rogue peer delay response", "switch"],
    ["port 1 (eth0): multiple peer responses", "switch"],
    ["port 1 (eth0): received pdelay_resp msg with unexpected peer port id 62bd56.fffe.1c046d-1", "switch"],
    ["port 1 (eth0): delay request on P2P port", "delay_mechanism"],
    ["port 1 (eth0): pdelay_req on E2E port", "delay_mechanism"],
    ["port 1 (eth0): delay response timeout", "delay_mechanism"],
    ["port 1: new foreign master 62bd56.fffe.1c046d-1 not in unicast master table", "unicast_master_table"],
    ["port 1: unicast grant of SYNC rejected", "unicast"],
    ["port 1 (eth0): auth: bad message", "sa_file"],
    ["port 1: master state recommended in slave only mode", "domainNumber"],
    ["port 1: defaultDS.priority1 probably misconfigured", "priority1"],
    ["foreign master not using PTP timescale", "37 s"],
    ["running in a temporal vortex", "UTC offset"],
    ["clock update suspended due to leap second", "leap second"],
    ["clockcheck: clock jumped forward or running faster than expected!", "chronyd"],
    ["clockcheck: clock frequency changed unexpectedly!", "chronyd"],
    ["uds: bind failed: No such file or directory", "management socket"],
    ["uds: removed existing /var/run/ptp4l", "left over"],
    ["port 2: PHC device mismatch", "one profile per NIC"],
    ["port 2: /dev/ptp0 requested, ptp2 attached", "one profile per NIC"],
    ["port 1 (eth0): taking /dev/ptp3 from the command line, not the attached ptp0", "-p"],
    ["failed to open port eth0", "this NIC"],
    ["Switched to /dev/ptp1 as PTP clock", "settled"],
    ["interface 'eth0' does not support requested timestamping mode", "-S"],
    ["ioctl SIOCETHTOOL failed: No such device", "no NIC"],
    ["unknown clock CLOCK_TAI: No such device", "no NIC or clock"],
    ["socket failed: Operation not permitted", "CAP_NET_RAW"],
    ["bind failed: Permission denied", "CAP_NET_BIND_SERVICE"],
    ["ioctl SIOCSHWTSTAMP failed: Operation not permitted", "CAP_NET_ADMIN"],
    ["ioctl SIOCSHWTSTAMP failed: Device or resource busy", "another program"],
    ["failed to adjust the clock: Operation not permitted", "CAP_SYS_TIME"],
    ["failed to set clock status and maximum error: Operation not permitted", "CAP_SYS_TIME"],
    ["clock is not adjustable", "free_running"],
    ["refclock_sock: connect failed: No such file or directory", "chronyd"],
    ["no suitable ports available", "hardware stamps"],
    ["interface eth0 does not have a PHC", "linuxptp-daemon devices"],
    ["failed to get UTC offset", "ptp4l"],
    ["Lost connection to ptp4l #1", "ptp4l"],
    ["poll failed", "normal"],
    ["nothing to synchronize", "-r -r"],
    ["multiple master clocks available, postponing sync...", "cannot choose"],
    ["multiple source clocks available, postponing sync...", "cannot choose"],
    ["PPS is not in sync with PHC (0.500000000)", "pulse"],
    ["source ts not valid", "GNSS"],
    ["reference clock (eth0) timestamp not valid, skipping", "GNSS"],
    ["nmea source timed out", "nmea_serialport"],
    ["failed to open nmea source /dev/gnss0", "nmea_serialport"],
    ["nmea: utc time is past leap second table expiry date", "leapfile"],
    ["UTC-TAI offset not set in system! Trying to revert to leapfile", "leapfile"],
    ["eth0 ignoring invalid master time stamp", "PPS"],
    ["/dev/ptp0 lost holdover lock (offset       5000)", "drifts"],
    ["process 452 terminated abnormally", "child of timemaster"],
    ["time stamping not supported on eth0", "another NIC"],
    ["failed to create stats", "names the cause"],
    ["Failed to create clock servo", "names the cause"],
    ["timerfd_create failed: Too many open files", "names the cause"],
    ["mcast_join failed", "names the cause"]
  ])("explains %j by a hint that names %j", (text, word) => {
    assert.include(hintForMessage(text) ?? "", word)
  })

  it("does not depend on the port's number and interface", () => {
    const text = fc.constantFrom("link down", "send sync failed", "link up", "PHC device mismatch")
    fc.assert(fc.property(text, fc.nat(65534), fc.stringMatching(/^[!-~]{0,15}$/), (text, port, nic) => {
      assert.strictEqual(hintForMessage(`port ${port} (${nic}): ${text}`), hintForMessage(text))
      assert.strictEqual(hintForMessage(`port ${port}: ${text}`), hintForMessage(text))
    }))
  })
})
