/**
 * The state of a clock servo as linuxptp prints it in offset lines (servo.h, enum servo_state). The log parser reads it,
 * the clock observer asks whether it is locked; what a servo does in a state is linuxptp's business.
 */

/** `s0` unlocked, `s1` about to step, `s2` locked, `s3` locked and stable. */
export type ServoState = "s0" | "s1" | "s2" | "s3"

const states: ReadonlyMap<string, ServoState> = new Map([["0", "s0"], ["1", "s1"], ["2", "s2"], ["3", "s3"]])

/** The state of a digit behind `s`; any other text is unlocked. */
export const servoState = (digit: string | undefined): ServoState => states.get(digit ?? "") ?? "s0"

/** True when the servo steers the clock by frequency alone. */
export const isServoLocked = (state: ServoState): boolean => state === "s2" || state === "s3"
