/**
 * A log whose reader may be slow or gone. Node keeps what a full pipe does not take, without a limit; here at most 1 MiB
 * waits, and then lines are lost. Their number is told when the reader reads again.
 */
import { Effect, Layer, Logger } from "effect"
import type { Writable } from "node:stream"

const mostWaiting = 1024 * 1024

/** Installs `logger`, which writes to `output`. */
export const layer = (logger: Logger.Logger<unknown, void>, output: Writable): Layer.Layer<never> => {
  let lost = 0
  const bounded = Logger.make<unknown, void>((options) => {
    if (output.writableLength > mostWaiting) lost += 1
    else logger.log(options)
  })
  const installed = Logger.layer([bounded])
  const tellLost = Effect.suspend(() => {
    const lines = lost
    lost = 0
    return lines === 0
      ? Effect.void
      : Effect.logWarning("lines of the log were lost").pipe(Effect.annotateLogs({ lines }))
  })
  return Layer.effectDiscard(Effect.gen(function*() {
    const run = Effect.runForkWith(yield* Effect.context())
    const onDrain = () => run(tellLost)
    yield* Effect.acquireRelease(
      Effect.sync(() => output.on("drain", onDrain)),
      () => Effect.sync(() => output.off("drain", onDrain))
    )
  })).pipe(Layer.provideMerge(installed))
}
