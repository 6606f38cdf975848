/** Runs pieces of work one after another, in the order of the calls. A failure reaches its caller only. */
export type Exclusive = <Result>(work: () => Promise<Result>) => Promise<Result>

export function createExclusive(): Exclusive {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const done = last.then(work)
    last = done.catch(() => undefined)
    return done
  }
}
