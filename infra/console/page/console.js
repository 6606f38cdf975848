import { render } from '../../web/page/lib/preact.mjs'
import { followPlace } from './page-address.js'
import { onRedraw, redraw } from './redraw.js'
import { readSession } from './session.js'
import { shell, showPlace } from './shell.js'
import { words } from './words.js'

onRedraw(() => {
  document.documentElement.lang = words().lang
  render(shell(), document.body)
})
followPlace(showPlace)
redraw()
void readSession()
