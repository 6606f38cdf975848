import { describe, expect, test } from 'vitest'
import { detectLanguage } from '../../../actors/core/detect-language.ts'

describe('the language of a text', () => {
  test.each([
    ['How much is shipping to Germany?', 'en'],
    ['thx', 'en'],
    ['OK!', 'en'],
    ["I can't log in", 'en'],
    ['Thanks a lot 😊', 'en'],
    ['你好', 'zh'],
    ['訂單什麼時候到', 'zh'],
    ['App 显示插座离线', 'zh'],
    ['我的路由器是双频合一的 how to separate 2.4G?', 'zh'],
    ['I asked for 茉莉花茶 and got coffee, please help', 'en'],
    ['HB-1234567 还没到', 'zh'],
    ['see https://例子.example/订单 please', 'en'],
    ['注文はどこですか', 'ja'],
    ['주문이 어디에 있나요', 'ko'],
    ['где мой заказ', 'ru'],
    ['أين طلبي', 'ar'],
    ['秋刀鱼の味很有特色', 'zh'],
    ['Wo ist meine Bestellung?', 'de'],
    ['Où est ma commande ?', 'fr'],
    ['¿Dónde está mi pedido?', 'es'],
    ['hoe lang duurt de levering', 'nl'],
  ])('"%s" is %s', (text, lang) => {
    expect(detectLanguage(text)).toBe(lang)
  })

  test.each(['', ' ', '12345', 'HB-6667788', '???', '👍', 'Lark', '\u0000', '\ud800'])('%j is unknown', (text) => {
    expect(detectLanguage(text)).toBeNull()
  })

  test('does not depend on earlier calls', () => {
    const texts = ['你好', 'hello there', '注文', 'где мой заказ', '']
    const once = texts.map(detectLanguage)
    expect(texts.toReversed().map(detectLanguage).toReversed()).toEqual(once)
  })
})
