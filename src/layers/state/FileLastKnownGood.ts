/**
 * Stores the last configuration that worked in a directory of the host, so that it outlives the pod. There are two
 * files: the newest version, and the one before in case that the newest cannot be read. Loading and saving never run at
 * the same time, so a disk that hangs occupies only one of the four threads in node's pool.
 */
import { Effect, Equal, Fiber, FileSystem, Layer, Option, Result, Semaphore } from "effect"
import path from "node:path"
import { type KnownGood, LastKnownGood, LastKnownGoodError } from "../../services/profiles/LastKnownGood.ts"
import { parseKnownGood, renderKnownGood } from "./KnownGoodText.ts"
import { detailOf, mostBytes, previousOf, readStateFile, removeUnfinished, replaceStateFile } from "./StateFile.ts"

/** After this time a save is reported as failed. If the disk comes back, it is completed all the same. */
const longestSave = "30 seconds"

/** Stores below `directory`, which is created at the first save. */
export const layer = (
  { directory }: { readonly directory: string }
): Layer.Layer<LastKnownGood, never, FileSystem.FileSystem> =>
  Layer.effect(LastKnownGood)(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const file = path.join(directory, "last-known-good.json")
    const turns = yield* Semaphore.make(1)

    /**
     * Waiting for the turn can be interrupted. Work that has begun continues to its end, but nobody has to wait for it:
     * the daemon's stop must not depend on the disk. A write that is cut off by the exit is as safe as one cut off by a
     * crash.
     */
    const inTurn = <A, E>(work: Effect.Effect<A, E, FileSystem.FileSystem>): Effect.Effect<A, E> =>
      Effect.uninterruptibleMask((restore) =>
        restore(turns.take(1)).pipe(
          Effect.andThen(Effect.forkDetach(Effect.ensuring(work, turns.release(1)))),
          Effect.flatMap((fiber) => restore(Fiber.join(fiber)))
        )
      ).pipe(Effect.provideService(FileSystem.FileSystem, fs))

    return {
      load: inTurn(load(file)).pipe(Effect.withSpan("FileLastKnownGood.load")),
      save: Effect.fn("FileLastKnownGood.save")((knownGood: KnownGood) =>
        inTurn(save(file, knownGood)).pipe(
          Effect.timeoutOrElse({
            duration: longestSave,
            orElse: () => new LastKnownGoodError({ path: file, detail: `the disk gave no answer in ${longestSave}` })
          })
        )
      )
    }
  }))

/** `None` if there is no file. Fails with the reason if the file cannot be used. */
const read = (
  file: string
): Effect.Effect<Result.Result<Option.Option<KnownGood>, string>, never, FileSystem.FileSystem> =>
  Effect.result(Effect.flatMap(
    readStateFile(file),
    Option.match({
      onNone: () => Effect.succeedNone,
      onSome: (text) => Effect.asSome(Effect.fromResult(parseKnownGood(text)))
    })
  ))

const load = Effect.fnUntraced(function*(file: string) {
  yield* Effect.ignore(removeUnfinished(file))
  for (const version of [file, previousOf(file)]) {
    const found = yield* read(version)
    if (Result.isFailure(found)) yield* tellUnreadable(version, found.failure)
    else if (Option.isSome(found.success)) return found.success
  }
  return Option.none<KnownGood>()
})

const tellUnreadable = (file: string, detail: string) =>
  Effect.logWarning("cannot read the last configuration that worked").pipe(Effect.annotateLogs({ file, detail }))

const save = Effect.fnUntraced(function*(file: string, knownGood: KnownGood) {
  const failed = (detail: string) => new LastKnownGoodError({ path: file, detail })
  // This reads the disk instead of remembering what was saved, because somebody may have removed the file since.
  const current = yield* read(file)
  const good = Result.isSuccess(current) ? current.success : Option.none()
  if (Option.isSome(good) && Equal.equals(good.value, knownGood)) return
  const text = renderKnownGood(knownGood)
  if (Buffer.byteLength(text) > mostBytes) return yield* failed(`it would have more than ${mostBytes} bytes`)
  // A file that cannot be read must not replace the good one before it.
  yield* replaceStateFile(file, text, { keepCurrent: Option.isSome(good) }).pipe(
    Effect.mapError((error) => failed(detailOf(error)))
  )
})
