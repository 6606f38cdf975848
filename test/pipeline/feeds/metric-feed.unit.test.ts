import { expect, test } from 'vitest'
import { valuesOf } from '../../../pipeline/feeds/metric-feed.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'

test('a metric is the sum over its labels, and a histogram has its sum and its count', async () => {
  const metrics = createMetrics()
  metrics.stageIn.inc({ stage: 'a' }, 2)
  metrics.stageIn.inc({ stage: 'b' }, 3)
  metrics.httpSeconds.observe({ method: 'GET', route: '/', status: '200' }, 0.5)
  metrics.httpSeconds.observe({ method: 'GET', route: '/x', status: '200' }, 1)
  const values = valuesOf(await metrics.registry.getMetricsAsJSON())
  expect(values.get('colloquy_stage_in_total')).toBe(5)
  expect(values.get('colloquy_http_request_seconds_sum')).toBe(1.5)
  expect(values.get('colloquy_http_request_seconds_count')).toBe(2)
  expect([...values.keys()].some((name) => name.endsWith('_bucket'))).toBe(false)
})
