/**
 * Options of a port: a section with the name of the NIC may override the value in `[global]`. Ranges, words and
 * defaults are those of linuxptp config.c, compared over the releases 2.0 to 4.4 and the development after 4.4.
 */
import { type ConfigOption, portOption as row } from "./ConfigOptionRow.ts"
import * as pattern from "./ValuePattern.ts"
import { decimal, flag, integer, intMax, intMin, word } from "./ValueType.ts"

const octet = integer(0, 255)
const anyInteger = integer(intMin, intMax)

/**
 * The time between two messages of a kind, as a power of two in seconds. linuxptp takes -128 to 127: at -30 a port sends
 * as fast as it can, and from 31 on it never sends (port.c, set_tmo_log). It gives no such number another meaning, 127
 * included.
 */
const messageInterval = integer(-8, 8)

const message: ReadonlyArray<ConfigOption> = [
  row("allowedLostResponses", integer(1, 255), 3, "4.2"),
  row("announceReceiptTimeout", integer(2, 255), 3),
  row("delay_request_variability", decimal(0, 1), 1, "after 4.4"),
  row("delay_response_timeout", octet, 0, "4.0"),
  row("follow_up_info", flag, 0),
  row("hybrid_e2e", flag, 0),
  row("ignore_source_id", flag, 0, "3.0"),
  row("ignore_transport_specific", flag, 0),
  row("inhibit_announce", flag, 0, "3.0"),
  row("inhibit_delay_req", flag, 0, "3.0"),
  row("inhibit_multicast_service", flag, 0),
  row("interface_rate_tlv", flag, 0, "4.0"),
  row("logAnnounceInterval", messageInterval, 1),
  row("logMinDelayReqInterval", messageInterval, 0),
  row("logMinPdelayReqInterval", messageInterval, 0),
  row("logSyncInterval", messageInterval, 0),
  row("msg_interval_request", flag, 0, "3.0"),
  row("net_sync_monitor", flag, 0),
  row("operLogPdelayReqInterval", messageInterval, 0, "3.0"),
  row("operLogSyncInterval", messageInterval, 0, "3.0"),
  row("path_trace_enabled", flag, 0),
  row("syncReceiptTimeout", octet, 0),
  row("unicast_listen", flag, 0),
  row("unicast_master_table", integer(0, intMax), 0),
  row("unicast_req_duration", integer(10, intMax), 3600)
]

const delay: ReadonlyArray<ConfigOption> = [
  row("delayAsymmetry", anyInteger, 0),
  row("delay_filter", word("moving_average", "moving_median"), "moving_median"),
  row("delay_filter_length", integer(1, intMax), 10),
  row("delay_mechanism", word("Auto", "E2E", "P2P"), "E2E"),
  row("delay_mechanism", word("Auto", "E2E", "P2P", "NONE"), "E2E", "4.0"),
  row("delay_mechanism", word("Auto", "COMMON_P2P", "E2E", "P2P", "NONE"), "E2E", "4.3"),
  row("egressLatency", anyInteger, 0),
  row("freq_est_interval", integer(0, intMax), 1),
  row("freq_est_interval", anyInteger, 1, "4.0"),
  row("ingressLatency", anyInteger, 0),
  row("min_neighbor_prop_delay", integer(intMin, -1), -20_000_000),
  row("neighborPropDelayThresh", integer(0, intMax), 20_000_000),
  row("tsproc_mode", word("filter", "raw", "filter_weight", "raw_weight"), "filter")
]

/**
 * config.c, parse_fault_interval: ASAP stands for the shortest interval. It stays a word, because in `[global]` it has
 * precedence over numbers that follow.
 */
const state: ReadonlyArray<ConfigOption> = [
  row("asCapable", word("true", "auto"), "auto", "3.0"),
  row("BMCA", word("ptp", "noop"), "ptp", "3.0"),
  row("boundary_clock_jbod", flag, 0),
  row("fault_badpeernet_interval", integer(intMin, intMax, "ASAP"), 16),
  row("fault_reset_interval", integer(-128, 127, "ASAP"), 4),
  row("G.8275.portDS.localPriority", integer(1, 255), 128),
  row("masterOnly", flag, 0),
  row("phc_index", integer(-1, intMax), -1, "4.0"),
  row("serverOnly", flag, 0, "4.0")
]

const network: ReadonlyArray<ConfigOption> = [
  row("network_transport", word("L2", "UDPv4", "UDPv6"), "UDPv4"),
  row("p2p_dst_ipv4", pattern.ipv4Address, "224.0.0.107", "4.3"),
  row("p2p_dst_ipv6", pattern.ipv6Address, "FF02:0:0:0:0:0:0:6B", "4.3"),
  row("p2p_dst_mac", pattern.macAddress, "01:80:C2:00:00:0E"),
  row("ptp_dst_ipv4", pattern.ipv4Address, "224.0.1.129", "4.3"),
  row("ptp_dst_ipv6", pattern.ipv6Address, "FF0E:0:0:0:0:0:0:181", "4.3"),
  row("ptp_dst_mac", pattern.macAddress, "01:1B:19:00:00:00"),
  row("transportSpecific", integer(0, 0x0f), 0),
  row("udp6_scope", integer(0, 0x0f), 0x0e),
  row("udp_ttl", integer(1, 255), 1)
]

const inaccuracy = integer(-1, intMax)

const profile: ReadonlyArray<ConfigOption> = [
  row("active_key_id", integer(0, 0xffff_ffff), 0, "4.3"),
  row("allow_unauth", integer(0, 2), 0, "4.3"),
  row("cmlds.domainNumber", octet, 0, "4.3"),
  row("cmlds.majorSdoId", integer(0, 0x0f), 2, "4.3"),
  row("cmlds.port", integer(0, 0xffff), 0, "4.3"),
  row("power_profile.2011.grandmasterTimeInaccuracy", inaccuracy, -1, "4.0"),
  row("power_profile.2011.networkTimeInaccuracy", inaccuracy, -1, "4.0"),
  row("power_profile.2017.totalTimeInaccuracy", inaccuracy, -1, "4.0"),
  row("power_profile.grandmasterID", integer(0, 0xffff), 0, "4.0"),
  row("power_profile.version", word("none", "2011", "2017"), "none", "4.0"),
  row("profileIdentity", pattern.profileIdentity, "00:00:00:00:00:00", "after 4.4"),
  row("spp", integer(-1, 255), -1, "4.3")
]

/** All port options, except those of ts2phc and those that nobody may set (see Setting). */
export const portOptions: ReadonlyArray<ConfigOption> = [...message, ...delay, ...state, ...network, ...profile]
