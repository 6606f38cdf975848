import { expect, test } from 'vitest'
import { createLagReport } from '../../../infra/app/lag-report.ts'
import { clockText } from '../../../infra/cli/record-text.ts'

const stage = (position: number, lag: number, detail = 'running') => ({ position, lag, ok: detail === 'running', detail })

test('a wait tells every five seconds which stages it waits for, how far they are and how fast', () => {
  const lines: string[] = []
  let ms = 0
  const report = createLagReport(
    (line) => lines.push(line),
    () => ms,
  )
  report({ embed: stage(0, 12_000), host: stage(9, 0) })
  ms = 4_900
  report({ embed: stage(500, 11_500) })
  expect(lines).toEqual([])
  ms = 5_000
  report({ embed: stage(1_000, 11_000), project: stage(5, 3, 'ClickHouse does not answer') })
  ms = 10_000
  report({ embed: stage(1_000, 11_000) })
  ms = 15_000
  report({ embed: stage(12_000, 0) })
  expect(lines).toEqual([
    'waiting for embed, which is 11,000 behind at 1,000, 200 fewer a second, about 55 s to go; '
      + 'project, which is 3 behind at 5 (ClickHouse does not answer)',
    'waiting for embed, which is 11,000 behind at 1,000, as many as before or more',
    'waiting for messages between two streams',
  ])
})

test('a time of day has its date if it is more than a day away', () => {
  const now = Date.parse('2026-11-28T12:00:00Z')
  expect(clockText('2026-11-27T13:00:00.123Z', now)).toBe('13:00:00.123')
  expect(clockText('2026-11-27T11:00:00.123Z', now)).toBe('2026-11-27 11:00:00.123')
  expect(clockText('2026-11-30T11:00:00.123Z', now)).toBe('2026-11-30 11:00:00.123')
})
