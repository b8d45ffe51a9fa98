/**
 * Options of the clock as a whole, which are only allowed in `[global]`. Ranges, words and defaults are those of
 * linuxptp config.c, compared over the releases 2.0 to 4.4 and the development after 4.4.
 */
import { type ConfigOption, globalOption as row } from "./ConfigOptionRow.ts"
import * as pattern from "./ValuePattern.ts"
import { decimal, decimalMin, flag, integer, intMax, intMin, word } from "./ValueType.ts"

const octet = integer(0, 255)
/**
 * The segment of shared memory through which an NTP server is fed. linuxptp adds it to the key of segment 0 (ntpshm.c)
 * and takes any number, so it could reach every shared memory of the machine.
 */
export const shmSegment = integer(0, 255)
const positiveDecimal = decimal(0, Number.MAX_VALUE)
const anyDecimal = decimal(-Number.MAX_VALUE, Number.MAX_VALUE)

const dataset: ReadonlyArray<ConfigOption> = [
  row("clientOnly", flag, 0, "4.0"),
  row("clockAccuracy", octet, 0xfe),
  row("clockClass", octet, 248),
  row("clockIdentity", pattern.clockIdentity, "000000.0000.000000", "3.0"),
  row("clock_class_threshold", integer(6, 248), 248, "4.0"),
  row("clock_type", word("OC", "BC", "P2P_TC", "E2E_TC"), "OC"),
  row("dataset_comparison", word("ieee1588", "G.8275.x"), "ieee1588"),
  row("domainNumber", integer(0, 127), 0),
  row("domainNumber", octet, 0, "4.0"),
  row("free_running", flag, 0),
  row("G.8275.defaultDS.localPriority", integer(1, 255), 128),
  row("gmCapable", flag, 1),
  row("maxStepsRemoved", integer(2, 255), 255, "3.0"),
  row("offsetScaledLogVariance", integer(0, 0xffff), 0xffff),
  row("priority1", octet, 128),
  row("priority2", octet, 128),
  row("slaveOnly", flag, 0),
  row("timeSource", integer(0x10, 0xfe), 0xa0),
  row("twoStepFlag", flag, 1),
  row("utc_offset", integer(0, intMax), 37)
]

const servo: ReadonlyArray<ConfigOption> = [
  row("clock_servo", word("pi", "linreg", "ntpshm", "nullf"), "pi"),
  row("clock_servo", word("pi", "linreg", "ntpshm", "nullf", "refclock_sock"), "pi", "4.0"),
  row("first_step_threshold", positiveDecimal, 0.000_02),
  row("initial_delay", integer(0, intMax), 0),
  row("kernel_leap", flag, 1),
  row("leapfile", pattern.readableFile, undefined, "3.1"),
  row("max_frequency", integer(0, intMax), 900_000_000),
  row("ntpshm_segment", shmSegment, 0),
  row("pi_integral_const", positiveDecimal, 0),
  row("pi_integral_exponent", anyDecimal, 0.4),
  row("pi_integral_norm_max", decimal(decimalMin, 2), 0.3),
  row("pi_integral_scale", positiveDecimal, 0),
  row("pi_proportional_const", positiveDecimal, 0),
  row("pi_proportional_exponent", anyDecimal, -0.3),
  row("pi_proportional_norm_max", decimal(decimalMin, 1), 0.7),
  row("pi_proportional_scale", positiveDecimal, 0),
  row("refclock_sock_address", pattern.chronySocket, "/var/run/refclock.ptp.sock", "4.0"),
  row("sanity_freq_limit", integer(0, intMax), 200_000_000),
  row("servo_num_offset_values", integer(0, intMax), 10, "3.0"),
  row("servo_offset_threshold", integer(0, intMax), 0, "3.0"),
  row("step_threshold", positiveDecimal, 0),
  row("step_window", integer(0, intMax), 0, "4.0"),
  row("write_phase_mode", flag, 0, "3.0")
]

const network: ReadonlyArray<ConfigOption> = [
  row("assume_two_step", flag, 0),
  row("check_fup_sync", flag, 0),
  row("dscp_event", integer(0, 63), 0),
  row("dscp_general", integer(0, 63), 0),
  row("hwts_filter", word("normal", "check", "full"), "normal", "3.0"),
  row("ptp_minor_version", flag, 1, "4.2"),
  row("sa_file", pattern.readableFile, undefined, "4.3"),
  row("socket_priority", integer(0, 15), 0, "3.0"),
  row("tc_spanning_tree", flag, 0),
  row("time_stamping", word("hardware", "software", "legacy", "onestep", "p2p1step"), "hardware"),
  row("tx_timestamp_timeout", integer(1, intMax), 1),
  row("tx_timestamp_timeout", integer(1, intMax), 10, "4.0")
]

const descriptionAndLog: ReadonlyArray<ConfigOption> = [
  row("logging_level", integer(0, 7), 6),
  row("manufacturerIdentity", pattern.manufacturerIdentity, "00:00:00"),
  row("productDescription", pattern.threeParts(64), ";;"),
  row("revisionData", pattern.threeParts(32), ";;"),
  row("summary_interval", integer(intMin, intMax), 0),
  row("userDescription", pattern.freeText(128), "")
]

/** All global options, except those of ts2phc and those that nobody may set (see Setting). */
export const clockOptions: ReadonlyArray<ConfigOption> = [...dataset, ...servo, ...network, ...descriptionAndLog]
