import { pino } from 'pino'
import { expect, test } from 'vitest'
import { type StageRun, startStage } from '../../../pipeline/runtime/stage.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { silent } from '../../support/test-system.ts'

test('a stage that is stopped while it restarts a failed run stops the new run, and ends', async () => {
  const { promise: failed, reject: fail } = Promise.withResolvers<void>()
  const { promise: stopped, resolve: end } = Promise.withResolvers<void>()
  const progress = () => ({ position: 0, lag: 0 })
  const first: StageRun = { ended: failed, progress, stop: async () => undefined }
  const second: StageRun = { ended: stopped, progress, stop: async () => end() }
  const { promise: restarting, resolve: restartBegins } = Promise.withResolvers<void>()
  const { promise: ready, resolve: finishRestart } = Promise.withResolvers<StageRun>()
  let starts = 0
  const stage = await startStage(
    'slow',
    async () => {
      starts += 1
      if (starts === 1) return first
      restartBegins()
      return ready
    },
    silent,
  )
  fail(new Error('the connection was lost'))
  await restarting
  const stopping = stage.stop()
  finishRestart(second)
  await stopping
  await stopped
  expect(starts).toBe(2)
})

test('a stage that was restarted says why, until it is further than before', async () => {
  const { promise: failed, reject: fail } = Promise.withResolvers<void>()
  const { promise: stopped, resolve: end } = Promise.withResolvers<void>()
  let position = 7
  const progress = () => ({ position, lag: 1 })
  const runs: StageRun[] = [
    { ended: failed, progress, stop: async () => undefined },
    { ended: stopped, progress, stop: async () => end(), health: () => ({ ok: true, detail: 'reading' }) },
  ]
  const stage = await startStage('slow', async () => runs.shift() ?? Promise.reject(new Error('too many starts')), silent)
  expect(stage.status().detail).toBe('running')
  fail(new Error('the store fails'))
  await expect.poll(() => stage.status()).toMatchObject({ ok: true, detail: 'reading; started again after: the store fails' })
  position = 8
  expect(stage.status()).toMatchObject({ ok: true, detail: 'reading' })
  await stage.stop()
})

test('a restart that the run has chosen is told, and is no failure', async () => {
  const lines: { level: number; msg: string; err?: unknown }[] = []
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) })
  const causes = [new ColloquyError('records_removed', 'more lost records were found'), new Error('the connection was lost')]
  const progress = () => ({ position: 0, lag: 0 })
  const stage = await startStage(
    'host',
    async () => {
      const cause = causes.shift()
      const { promise: stopped, resolve: end } = Promise.withResolvers<void>()
      return { ended: cause === undefined ? stopped : Promise.reject(cause), progress, stop: async () => end() }
    },
    log,
  )
  await expect.poll(() => lines.length).toBe(2)
  await stage.stop()
  expect(lines).toMatchObject([
    { level: 30, msg: 'host: more lost records were found' },
    { level: 40, msg: 'host failed; restarting it from its checkpoint', err: { message: 'the connection was lost' } },
  ])
  expect(lines[0]?.err).toBeUndefined()
})

test('a restart that the run has chosen leaves no mark in the status', async () => {
  const { promise: failed, reject: fail } = Promise.withResolvers<void>()
  const { promise: stopped, resolve: end } = Promise.withResolvers<void>()
  const progress = () => ({ position: 7, lag: 1 })
  const runs: StageRun[] = [
    { ended: failed, progress, stop: async () => undefined },
    { ended: stopped, progress, stop: async () => end(), health: () => ({ ok: true, detail: 'filling' }) },
  ]
  const stage = await startStage('embed', async () => runs.shift() ?? Promise.reject(new Error('too many starts')), silent)
  fail(new ColloquyError('memory_replaced', 'another collection replaced that of the search index'))
  await expect.poll(() => stage.status()).toMatchObject({ ok: true, detail: 'filling' })
  await stage.stop()
})
