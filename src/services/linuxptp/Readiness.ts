/**
 * When a process that was started counts as ready, judged by its own lines. The supervisor starts dependants and
 * resets its back-off by it. Answers on ptp4l's management socket are another way, which is not known here.
 */
import { type ParsedLogLine, parseLogLine } from "./LogEvent.ts"
import { isOperational } from "./PortState.ts"
import { isProgram, type Program } from "./Program.ts"

/** True for a line that shows `program` at work. Lines of other programs (children of timemaster) never count. */
export const becomesReady = (program: string, line: string): boolean => {
  const event = parseLogLine(line)
  return event.kind !== "unframed" && event.program === program && isProgram(program) && rules[program](event)
}

const rules: Readonly<Record<Program, (event: ParsedLogLine) => boolean>> = {
  // Port 0 is the management socket: it listens even when no NIC works.
  ptp4l: (event) => event.kind === "portState" && event.port > 0 && isOperational(event.to),
  // "selecting …": it found ptp4l and knows its clocks; a free-running grandmaster may never print an offset.
  phc2sys: (event) =>
    event.kind === "offset" || event.kind === "summary" ||
    (event.kind === "message" && event.text.startsWith("selecting ")),
  // ts2phc.c, ts2phc_synchronize_clocks: with free_running 1 the offset stands alone, without a servo.
  ts2phc: (event) => event.kind === "offset" || (event.kind === "message" && bareOffset.test(event.text)),
  // timemaster.c, start_process: its configuration was accepted. A child that dies within 1 s ends timemaster too.
  timemaster: (event) => event.kind === "message" && timemasterChild.test(event.text)
}

const bareOffset = /^\S{1,128} (?:master )?offset +-?\d+$/
const timemasterChild = /^process \d+ started: /
