import { expect, test } from 'vitest'
import { orderKind, startDevApp } from '../../support/dev-system.ts'

/** Ends its process when it shall start the stages for the first time, as the watchdog does for an input of the log. */
const CONFIG = `
import { existsSync, writeFileSync } from 'node:fs'
import { order } from './order.ts'
const flag = new URL('./ended', import.meta.url)
process.prependListener('message', ({ type }) => {
  if (type !== 'run' || existsSync(flag)) return
  writeFileSync(flag, '')
  process.kill(process.pid, 'SIGALRM')
})
export default [order]
`

test('kinds whose process ends before they have ever run are started again, without a save', async () => {
  const dev = await startDevApp({ 'colloquy.config.ts': CONFIG, 'order.ts': orderKind('one') })
  try {
    await dev.process.line((line) => /no kinds run: .*SIGALRM.*restarting them/.test(line))
    await dev.until(({ reload }) => reload.phase === 'running')
    const sent = await dev.post('/v1/in/acme/order/a1?wait=actor', { type: 'item.added', data: { name: '书本' } })
    expect(sent.body).toMatchObject({ outcome: 'committed' })
  } finally {
    await dev.stop()
  }
})
