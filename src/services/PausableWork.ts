/** Work that can be paused at each `yield`, so that it does not hold the event loop for as long as it takes. */
export type PausableWork<A> = Generator<void, A>

/** Does all of it at once. */
export const complete = <A>(work: PausableWork<A>): A => {
  while (true) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}
