import { ask } from '../../../web/page/ask.js'
import { html } from '../../../web/page/html.js'
import { empty, shown } from '../parts.js'
import { createReading } from '../reading.js'
import { redraw } from '../redraw.js'
import { words } from '../words.js'

/** @import { EffectiveSetting } from '../../../settings.ts' */
/** @import { Page } from '../pages.js' */

/** @type {Page} */
export const settingsPage = { name: 'settings', title: (all) => all.settings.title, create: createSettings }

function createSettings() {
  const settings = createReading(
    async () => /** @type {{ settings: readonly EffectiveSetting[] }} */ (await ask('/console/data/settings')).settings,
  )
  let text = ''
  const find = (/** @type {InputEvent} */ { target }) => {
    if (target instanceof HTMLInputElement) text = target.value
    redraw()
  }
  void settings.load()
  return {
    view: () =>
      shown(
        settings,
        (all) => {
          const wanted = text.trim().toLowerCase()
          const found = all.filter(({ name, about }) => `${name} ${about}`.toLowerCase().includes(wanted))
          return html` <p class="hint">${words().settings.about}</p>
            <label class="choice"><span>${words().settings.find}</span><input type="search" value=${text} onInput=${find} /></label>
            ${found.length === 0 ? empty(words().settings.none) : table(found)}`
        },
        settings.load,
      ),
  }
}

/** @param {readonly EffectiveSetting[]} settings */
function table(settings) {
  const text = words().settings
  return html` <table class="plain-table settings">
    <thead>
      <tr>
        <th>${text.name}</th>
        <th>${text.value}</th>
        <th>${text.source}</th>
      </tr>
    </thead>
    <tbody>
      ${settings.map(
        ({ name, value, source, about }) =>
          html` <tr key=${name}>
            <td><code>${name}</code><small lang="en">${about}</small></td>
            <td>${value === null ? html`<i>${text.unset}</i>` : html`<code>${value}</code>`}</td>
            <td>${text.sources[source]}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}
