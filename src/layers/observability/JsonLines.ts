/** The form of the log in a cluster: one flat JSON object a line, which log stores index without a rule of their own. */
import { Formatter, Logger } from "effect"

/** `time`, `level`, `message`, then the fields of that message. A field that is called `message` as well is `detail`. */
export const jsonLines: Logger.Logger<unknown, string> = Logger.map(
  Logger.formatStructured,
  ({ annotations, cause, level, message, timestamp }) => {
    const { message: detail, ...fields } = annotations
    return Formatter.formatJson({ time: timestamp, level, message, detail, ...fields, cause })
  }
)
