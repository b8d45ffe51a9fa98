/**
 * linuxptp messages that mean trouble, each with what an operator should check next. LogEvent marks lines with such a
 * message as faults. Messages that are not listed here are not judged.
 */

interface KnownFault {
  /** Compared with the start of the message, after `port N: ` or `port N (eth0): `. */
  readonly pattern: RegExp
  readonly hint: string
  /** It may well belong to a clock that works, however often it is printed. */
  readonly isHarmless?: true
}

const portPrefix = /^port \d{1,5}(?: \(.*?\))?: /

// Order matters only where one pattern is a prefix of another: the more specific one is first.
const timeStampsAndPorts: ReadonlyArray<KnownFault> = [
  {
    pattern: /^timed out while polling for tx timestamp/,
    hint:
      "the NIC gave no transmit time stamp in time: raise tx_timestamp_timeout (10 to 100 ms), update driver and firmware"
  },
  {
    pattern: /^increasing tx_timestamp_timeout/,
    hint: "raise tx_timestamp_timeout in [global]; if that does not help, the driver is at fault"
  },
  {
    pattern: /^(?:missing timestamp on transmitted|received \w+ without timestamp|poll for tx timestamp )/,
    hint: "the NIC does not stamp every PTP message: check hwts_filter, driver and firmware"
  },
  {
    pattern: /^(?:send|recv) .{1,40} failed/,
    hint: "the port could not send or receive: look at the link and at the messages just before"
  },
  {
    pattern: /^(?:unexpected socket error|error on fda\[\d+\])/,
    hint: "the NIC went down or away; the port is FAULTY and comes back by itself (fault_reset_interval, 16 s)"
  },
  {
    pattern: /^(?:link down|interface reported zero link speed)/,
    hint: "no carrier on this NIC: check cable, SFP and the peer's port"
  },
  {
    pattern: /^(?:rogue peer delay response|multiple peer responses|received pdelay_\w+ msg with unexpected peer)/,
    hint: "more than one device answers peer delay requests on this link: a switch without PTP support is in between"
  },
  {
    pattern: /^(?:delay request on P2P port|pdelay_req on E2E port)/,
    hint: "the peer uses the other delay mechanism: set delay_mechanism as it does"
  },
  {
    pattern: /^new foreign master \S+ not in unicast master table/,
    hint: "a clock that is not configured announces itself: check unicast_master_table"
  },
  {
    pattern: /^(?:unicast grant of \w+ rejected|server unilaterally canceled unicast)/,
    hint: "the unicast server has no room for this client or refuses it: ask who runs it, or raise its limits"
  },
  {
    pattern: /^delay response timeout/,
    hint: "the master does not answer delay requests: check delay_mechanism, VLAN and filters on the way back"
  },
  { pattern: /^auth: bad message/, hint: "a message without a valid authentication TLV: check spp and sa_file" }
]

const bestMasterAndTimeScale: ReadonlyArray<KnownFault> = [
  {
    pattern: /^master state recommended in slave only mode/,
    hint:
      "no better clock is heard on this client-only port: check the grandmaster, domainNumber, network_transport and VLAN"
  },
  {
    pattern: /^defaultDS\.priority1 probably misconfigured/,
    hint: "no grandmaster is heard, or its priority1 is not below this clock's"
  },
  {
    pattern: /^foreign master not using PTP timescale/,
    isHarmless: true,
    hint: "the grandmaster announces an arbitrary time scale: with hardware clocks TAI and UTC can differ by 37 s"
  },
  {
    // clock.c, clock_update_slave: its currentUtcOffset is below ours.
    pattern: /^running in a temporal vortex/,
    hint: "the grandmaster announces fewer leap seconds than this clock knows of: check its UTC offset (37 s)"
  },
  {
    pattern: /^clock update suspended due to leap second/,
    hint: "a leap second is near: the clock is not steered until it is over"
  },
  {
    // clockcheck.c
    pattern: /^clockcheck: /,
    hint: "somebody else sets or steers this clock: stop chronyd, ntpd or systemd-timesyncd, or a second phc2sys"
  }
]

const clocksAndSockets: ReadonlyArray<KnownFault> = [
  {
    pattern: /^uds: (?:bind failed|failed to create socket)/,
    hint: "the management socket could not be made: ptp4l runs on but cannot be asked, and phc2sys waits for ever"
  },
  {
    pattern: /^uds: removed existing/,
    isHarmless: true,
    hint: "a socket was left over: harmless after a crash, harmful when a second ptp4l uses the same path"
  },
  {
    pattern: /^(?:PHC device mismatch|\/dev\/ptp\d+ requested, ptp\d+ attached)/,
    hint: "the ports have different PTP hardware clocks: use one profile per NIC, or boundary_clock_jbod 1"
  },
  {
    pattern: /^taking \S{1,64} from the command line, not the attached/,
    hint: "option -p names another PTP hardware clock than the NIC has: leave it out"
  },
  { pattern: /^failed to open port/, hint: "this NIC cannot be used: look at the message just before" },
  {
    pattern: /^Switched to \/dev\/ptp\d+ as PTP clock/,
    hint: "the bond or the NIC changed its PTP hardware clock: offsets jump until the servo has settled"
  },
  {
    pattern: /^interface '.{1,64}' does not support (?:requested|the requested) timestamping mode/,
    hint: "this NIC has no such time stamps: choose another NIC, or -S (software stamps)"
  },
  {
    pattern: /^(?:ioctl SIOC\w+ failed|unknown clock \S{1,64}): No such device/,
    hint: "there is no NIC or clock of this name: check `interface`, the port sections and the options"
  },
  {
    pattern: /^(?:socket|setsockopt \w+|bind|ioctl SIOC\w+) failed: (?:Operation not permitted|Permission denied)/,
    hint: "a capability is missing: CAP_NET_RAW, CAP_NET_ADMIN or, for UDP, CAP_NET_BIND_SERVICE"
  },
  {
    // clock.c, clock_create: the NIC could not be asked, or it has no clock.
    pattern: /^PTP device not specified and automatic determination is not supported/,
    hint: "there is no NIC of this name, or it has no PTP hardware clock: check `interface` and the port sections"
  },
  {
    pattern: /^ioctl SIOCSHWTSTAMP failed/,
    hint: "the driver refuses hardware time stamps: another program may have set them up, or the NIC has none"
  },
  {
    pattern: /^failed to (?:adjust the clock|set the clock|set clock status|step clock|read clock)/,
    hint: "the clock refuses: \"Operation not permitted\" means that CAP_SYS_TIME is missing"
  },
  {
    pattern: /^(?:clock is not adjustable|clock does not support write phase mode)/,
    hint: "this clock cannot be steered: choose another NIC, or free_running 1 to measure only"
  },
  {
    pattern: /^(?:refclock_sock: |ntpshm: )/,
    hint: "chronyd or ntpd cannot be reached: is it running, and does it listen on this socket or segment?"
  }
]

const phc2sysTs2phcTimemaster: ReadonlyArray<KnownFault> = [
  {
    pattern: /^no suitable ports available/,
    hint: "ptp4l uses software time stamps on all ports: phc2sys -a needs hardware stamps"
  },
  {
    pattern: /^interface .{1,64} does not have a PHC/,
    hint: "this NIC has no PTP hardware clock: see `linuxptp-daemon devices`"
  },
  { pattern: /^failed to get UTC offset/, hint: "ptp4l did not answer: is it running, on the same domain and socket?" },
  { pattern: /^Lost connection to ptp4l/, hint: "ptp4l ended or its socket is gone: phc2sys waits for it" },
  {
    pattern: /^poll failed/,
    isHarmless: true,
    hint: "the program was interrupted while it waited; at a stop this is normal"
  },
  {
    pattern: /^nothing to synchronize/,
    isHarmless: true,
    hint:
      "no port of ptp4l follows a master; on a grandmaster that is normal, and -r -r takes the system clock as source"
  },
  {
    pattern: /^multiple \w+ clocks available, postponing sync/,
    hint: "more than one port of ptp4l follows a master on clocks of their own: phc2sys cannot choose"
  },
  {
    pattern: /^PPS is not in sync with PHC/,
    hint: "the pulse does not belong to this PTP hardware clock: check the cabling and -d"
  },
  {
    pattern: /^(?:source ts not valid|reference clock \(.{1,64}\) timestamp not valid)/,
    hint: "the time of day source gives no valid time: check the GNSS receiver and its antenna"
  },
  {
    pattern:
      /^(?:nmea source (?:timed out|socket error)|failed to (?:open|read from) nmea source|nmea: rmc time stamp stale)/,
    hint: "no NMEA sentences arrive: check ts2phc.nmea_serialport and the receiver"
  },
  {
    pattern: /^(?:nmea: utc|nmea: unable to find utc|UTC time|Unable to find utc)/,
    hint: "the leap second table does not cover this time: renew the file of `leapfile`"
  },
  {
    pattern: /^UTC-TAI offset not set in system/,
    hint: "the kernel does not know the TAI offset: let chronyd set it (leapsectz), or give a leapfile"
  },
  {
    pattern: /^(?:\S{1,64} )?ignoring invalid master time stamp/,
    hint: "the PPS source gave no valid time stamp: check its cabling"
  },
  { pattern: /^\S{1,64} lost holdover lock/, hint: "the reference is away for too long: the clock drifts now" },
  { pattern: /^process \d+ terminated abnormally/, hint: "a child of timemaster crashed: look at its last messages" },
  {
    pattern: /^time stamping not supported on /,
    hint: "this NIC has neither hardware nor software time stamps: choose another NIC"
  }
]

/** Any other failure. */
const otherFailure: KnownFault = {
  pattern: /^(?:[Ff]ailed to |[^:]{1,60} failed(?:: |$))/,
  hint: "the program could not do what its configuration asks: the message names the cause"
}

const faults: ReadonlyArray<KnownFault> = [
  ...timeStampsAndPorts,
  ...bestMasterAndTimeScale,
  ...clocksAndSockets,
  ...phc2sysTs2phcTimemaster,
  otherFailure
]

const faultIn = (message: string): KnownFault | undefined => faults.find(({ pattern }) => pattern.test(message))

/**
 * What to check when linuxptp prints `text` (a message without its frame). Undefined for a message that is not a known
 * fault.
 */
export const hintForMessage = (text: string): string | undefined => faultIn(text.replace(portPrefix, ""))?.hint

/**
 * Equal for messages about the same trouble of the same port; undefined for one that is no trouble, however often it is
 * printed.
 */
export const troubleIn = (text: string): string | undefined => {
  const message = text.replace(portPrefix, "")
  const fault = faultIn(message)
  if (fault === undefined || fault.isHarmless === true) return undefined
  const port = text.slice(0, text.length - message.length)
  return port + (fault === otherFailure ? message.replaceAll(/\d+/g, "N") : fault.hint)
}
