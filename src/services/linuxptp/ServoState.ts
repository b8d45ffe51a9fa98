/**
 * The state of a clock servo as linuxptp prints it in offset lines (servo.h, enum servo_state). The reader of log lines
 * parses it; the clock's state needs to know whether it is locked.
 */

/** `s0` unlocked, `s1` about to step, `s2` locked, `s3` locked and stable. */
export type ServoState = "s0" | "s1" | "s2" | "s3"

const states: ReadonlyMap<string, ServoState> = new Map([["0", "s0"], ["1", "s1"], ["2", "s2"], ["3", "s3"]])

/** The state for the digit after `s`. Any other text means unlocked. */
export const servoState = (digit: string | undefined): ServoState => states.get(digit ?? "") ?? "s0"

/** True when the servo adjusts only the frequency of the clock and does not step it. */
export const isServoLocked = (state: ServoState): boolean => state === "s2" || state === "s3"
