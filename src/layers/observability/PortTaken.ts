/** An endpoint of the daemon can't listen: the message names the setting, which is what a person can change. */
import { Schema } from "effect"

export class PortTaken extends Schema.TaggedError<PortTaken>()("PortTaken", {
  setting: Schema.String,
  port: Schema.Int,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `cannot listen on ${this.setting} ${this.port}: ${innermostDetail(this.cause)}`
  }
}

/** The innermost error: what wraps it says nothing. */
export const innermostDetail = (cause: unknown): string =>
  cause instanceof Error && cause.cause !== undefined ? innermostDetail(cause.cause) : String(cause)
