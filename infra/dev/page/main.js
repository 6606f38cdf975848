import { render } from '../../web/page/lib/preact.mjs'
import { followKeys, followLocation, keepUpToDate } from './follow.js'
import { onUpdate, update } from './store.js'
import { page } from './view.js'

onUpdate(() => render(page(), document.body))
update({})
followLocation()
followKeys()
keepUpToDate()
