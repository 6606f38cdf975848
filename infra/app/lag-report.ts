import { isCaughtUp, type StageProgress } from '../../pipeline/runtime/stage-progress.ts'

/** The progress of a stage, with what its processes say about it. */
interface Stage extends StageProgress {
  readonly ok: boolean
  readonly detail: string
}

/** Time between two lines. The first line comes after as long, since most waits are shorter. */
const EVERY_MS = 5_000

interface Before {
  readonly atMs: number
  readonly lags: ReadonlyMap<string, number>
}

/**
 * Creates a function that takes the progress of all stages and, every five seconds, tells which of them are behind, how far they are and
 * how fast they catch up.
 *
 * @param tell gets one line.
 * @param nowMs a monotonic clock.
 */
export function createLagReport(
  tell: (text: string) => void,
  nowMs = () => performance.now(),
): (stages: Readonly<Partial<Record<string, Stage>>>) => void {
  let before: Before | undefined
  return (stages) => {
    const atMs = nowMs()
    const behind = Object.entries(stages).flatMap(([role, stage]) => (stage === undefined || isCaughtUp(stage) ? [] : [{ role, ...stage }]))
    const lags = new Map(behind.map(({ role, lag }) => [role, lag]))
    if (before === undefined) {
      before = { atMs, lags }
      return
    }
    const seconds = (atMs - before.atMs) / 1_000
    if (atMs - before.atMs < EVERY_MS) return
    const texts = behind.map((stage) => {
      const lagBefore = before?.lags.get(stage.role)
      const pace = lagBefore === undefined ? '' : paceText(stage.lag, lagBefore - stage.lag, seconds)
      const why = stage.ok ? '' : ` (${stage.detail})`
      return `${stage.role}, which is ${count(stage.lag)} behind at ${count(stage.position)}${pace}${why}`
    })
    tell(texts.length === 0 ? 'waiting for messages between two streams' : `waiting for ${texts.join('; ')}`)
    before = { atMs, lags }
  }
}

function paceText(lag: number, fewer: number, seconds: number): string {
  if (fewer <= 0) return ', as many as before or more'
  const perSecond = fewer / seconds
  return `, ${count(perSecond)} fewer a second, about ${count(Math.max(1, lag / perSecond))} s to go`
}

const count = (value: number): string => Math.round(value).toLocaleString('en')
