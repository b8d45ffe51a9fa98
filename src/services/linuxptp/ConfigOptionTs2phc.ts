/**
 * Options of ts2phc. linuxptp has one table for all its programs, so ptp4l and phc2sys take them too and ignore them.
 */
import { todSource } from "./ClockName.ts"
import { type ConfigOption, globalOption, portOption } from "./ConfigOptionRow.ts"
import * as pattern from "./ValuePattern.ts"
import { flag, integer, intMax, intMin, word } from "./ValueType.ts"

const anyInteger = integer(intMin, intMax)
const pulseWidth = integer(1_000_000, 999_000_000)

/** Rows of config.c whose names begin with `ts2phc.`. */
export const ts2phcOptions: ReadonlyArray<ConfigOption> = [
  portOption("ts2phc.channel", integer(0, intMax), 0, "3.0"),
  globalOption("ts2phc.external_pps", flag, 0, "after 4.4"),
  portOption("ts2phc.extts_correction", anyInteger, 0, "3.0"),
  portOption("ts2phc.extts_polarity", word("rising", "falling", "both"), "rising", "3.0"),
  portOption("ts2phc.holdover", integer(0, intMax), 0, "4.4"),
  portOption("ts2phc.master", flag, 0, "3.0"),
  portOption("ts2phc.nmea_baudrate", integer(300, intMax), 9600, "4.0"),
  portOption("ts2phc.nmea_delay", anyInteger, 0, "4.4"),
  globalOption("ts2phc.nmea_remote_host", pattern.host, "", "3.0"),
  globalOption("ts2phc.nmea_remote_port", pattern.portNumberOrService, "", "3.0"),
  globalOption("ts2phc.nmea_serialport", pattern.serialPort, "/dev/ttyS0", "3.0"),
  portOption("ts2phc.perout_phase", integer(0, 999_999_999), -1, "4.0"),
  portOption("ts2phc.pin_index", integer(0, intMax), 0, "3.0"),
  portOption("ts2phc.pin_name", pattern.pinName, "", "after 4.4"),
  globalOption("ts2phc.pulserate", integer(1, 128), 1, "after 4.4"),
  globalOption("ts2phc.pulsewidth", pulseWidth, 500_000_000, "3.0"),
  globalOption("ts2phc.pulsewidth", pulseWidth, -1, "after 4.4"),
  globalOption("ts2phc.tod_source", todSource, "generic", "4.0")
]
