/**
 * LastKnownGood in a directory of the host, beyond the life of the pod. There are two files: what was saved last, and
 * what was saved before it for the case that the first can't be read. Loading and saving take turns, so a disk that
 * hangs holds one thread of node's pool and not all four.
 */
import { Effect, Equal, Fiber, FileSystem, Layer, Option, Result, Semaphore } from "effect"
import path from "node:path"
import { type KnownGood, LastKnownGood, LastKnownGoodError } from "../../services/profiles/LastKnownGood.ts"
import { parseKnownGood, renderKnownGood } from "./KnownGoodText.ts"
import { detailOf, mostBytes, previousOf, readStateFile, removeUnfinished, replaceStateFile } from "./StateFile.ts"

/** A start waits for a disk that hangs no longer than this, and goes on with what the API server says. */
const longestLoad = "1 second"
/** After this a save is told as failed; should the disk come back, it is written all the same. */
const longestSave = "30 seconds"

/** Keeps it below `directory`, which is made when something is saved. */
export const layer = (
  { directory }: { readonly directory: string }
): Layer.Layer<LastKnownGood, never, FileSystem.FileSystem> =>
  Layer.effect(LastKnownGood)(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const file = path.join(directory, "last-known-good.json")
    const turns = yield* Semaphore.make(1)

    /**
     * Waiting for the turn can be interrupted. What has begun goes on to its end, but nobody has to wait for it: a stop
     * of the daemon must not depend on the disk, and a write that the exit cuts off is one that a crash cuts off.
     */
    const inTurn = <A, E>(work: Effect.Effect<A, E, FileSystem.FileSystem>): Effect.Effect<A, E> =>
      Effect.uninterruptibleMask((restore) =>
        restore(turns.take(1)).pipe(
          Effect.andThen(Effect.forkDetach(Effect.ensuring(work, turns.release(1)))),
          Effect.flatMap((fiber) => restore(Fiber.join(fiber)))
        )
      ).pipe(Effect.provideService(FileSystem.FileSystem, fs))

    return {
      load: inTurn(load(file)).pipe(
        Effect.timeoutOrElse({
          duration: longestLoad,
          orElse: () => Effect.as(tellUnreadable(file, noAnswerIn(longestLoad)), Option.none())
        }),
        Effect.withSpan("FileLastKnownGood.load")
      ),
      save: Effect.fn("FileLastKnownGood.save")((knownGood: KnownGood) =>
        inTurn(save(file, knownGood)).pipe(
          Effect.timeoutOrElse({
            duration: longestSave,
            orElse: () => new LastKnownGoodError({ path: file, detail: noAnswerIn(longestSave) })
          })
        )
      )
    }
  }))

const noAnswerIn = (duration: string) => `the disk gave no answer in ${duration}`

/** None when there is no file, a failure with the reason when it is of no use. */
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
  // The disk is asked, not a memory of what was saved: somebody may have removed the file since.
  const current = yield* read(file)
  const good = Result.isSuccess(current) ? current.success : Option.none()
  if (Option.isSome(good) && Equal.equals(good.value, knownGood)) return
  const text = renderKnownGood(knownGood)
  if (Buffer.byteLength(text) > mostBytes) return yield* failed(`it would have more than ${mostBytes} bytes`)
  // A file that can't be read must not push out the good one before it.
  yield* replaceStateFile(file, text, { keepCurrent: Option.isSome(good) }).pipe(
    Effect.mapError((error) => failed(detailOf(error)))
  )
})
