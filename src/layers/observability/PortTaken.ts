/** The error when an endpoint of the daemon cannot listen. Its message names the setting that a person can change. */
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

/** The message of the innermost error. The errors around it say nothing useful. */
export const innermostDetail = (cause: unknown): string =>
  cause instanceof Error && cause.cause !== undefined ? innermostDetail(cause.cause) : String(cause)
