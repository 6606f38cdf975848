/** What a customer can want. The first seven are topics: what a case is about. */
export const TOPICS = ['product', 'order', 'shipping', 'returns', 'technical', 'account', 'payment'] as const
export const INTENTS = [
  ...TOPICS, 'smalltalk', 'thanks', 'person', 'feedback_positive', 'feedback_negative', 'other',
] as const

export type Topic = (typeof TOPICS)[number]
export type Intent = (typeof INTENTS)[number]

/** Terms by their weight: 4 settles it, 3 is strong, 2 is usual, 1 is a hint. */
type Terms = Readonly<Partial<Record<1 | 2 | 3 | 4, string>>>

/**
 * The terms that speak for an intent, in English and Chinese, separated by commas. English words stand for all their forms;
 * of overlapping terms the longest counts alone (`gift card` is no gift, `不满意` is not `满意`). `#order` is an order number.
 */
export const LEXICON: Readonly<Record<Intent, Terms>> = {
  product: {
    3: 'how heavy, how big, how loud, waterproof, battery life, how long does the battery, difference between, the difference between, in stock, back in stock, sold out,'
      + 'do you sell, do you also sell, work with, compatible, strong enough, big enough, dishwasher, pre order, which one is better, which size,'
      + '防水, 续航, 多重, 有什么区别, 区别, 哪款, 有货, 现货, 缺货, 到货, 兼容, 立体声, 洗碗机, 参数, 适合, 够用, 怎么选, 噪音, 电压, 适用面积, 预售',
    2: 'price of, how much is the, weight, capacity, stereo, mop, noise, compare, recommend, suitable for, need a hub, apple home, alexa, google home, watt,'
      + 'cable, take on a plane, on a plane, looking for, colour do, better, spare, specs, feature, filter cost, available,'
      + '多少钱一台, 功率, 容量, 尺寸, 对比, 哪个, 推荐, 支持苹果, 苹果家庭, 吵不吵, 吵, 拖布, 滤芯多少钱, 多久换一次, 带上飞机, 飞机, 几个人, 尺码, 型号, 瓦, 度',
    1: 'lark, swift, buds, studio, otter, s5, s7, pine, firefly, pebble, 10k, 20k, brook, hearth, speaker, headphone, vacuum, purifier, bulb, plug,'
      + 'power bank, kettle, air fryer, fryer, filter, brush, battery, present, gift, price, how much, cost, which, family, size, strong,'
      + '云雀, 雨燕, 水獭, 松风, 萤火, 卵石, 小溪, 炉边, 音箱, 耳机, 扫地机, 净化器, 灯泡, 插座, 充电宝, 水壶, 炸锅, 滤芯, 多少钱, 价格, 适配, 设',
  },
  order: {
    3: 'cancel my order, cancel order, order status, status of, place an order, order one, how do i order, wrong item, wrong colour, wrong color, wrong product,'
      + 'missing from, been shipped, shipped yet, add another item, delivery address of, order confirmation, confirmation email, confirmation mail, quote,'
      + 'where is my order, wheres my order, track my order, as a guest, can i buy, bulk, where is my stuff, wheres my stuff, cancel a purchase, cancel my purchase, cancel this purchase, track my package, track my parcel,'
      + '取消订单, 查订单, 发错, 少发, 漏发, 没发货, 还没发货, 发货了, 确认邮件, 怎么下单, 地址写错, 采购, 批量, 再加一件, 到哪了, 订单号, 最多能买',
    2: '#order, cancel, my order, an order, order number, packing, confirmation, missing, another item, where is my, wheres my, school, business, we are a company,'
      + 'delivery address, the address of, switch, tracking link, track, purchase,'
      + '订单, 下单, 取消, 发货, 打包, 拍错, 改地址, 怎么改, 改不了, 加一件, 公司要, 便宜点',
    1: 'order, buy, bought, placed, 买, 购买, 单子',
  },
  shipping: {
    4: 'free shipping, shipping cost, delivery cost, parcel point, delivery time, how long does delivery, 几天能到, 自提点, 寄到, 发到, 送货上门, 没收到货, 已签收',
    3: 'shipping, courier, custom, duty, express, abroad, overseas, carrier, says delivered, marked delivered, missed the delivery, do you ship, do you deliver,'
      + 'nobody is home, nobody is at home, not at home, delivery day, neighbour, neighbor, letterbox, lost parcel, parcel lost, parcel late, will it arrive, send there,'
      + '运费, 包邮, 快递, 配送, 送货, 加急, 关税, 物流, 国外, 海外, 境外, 不在家, 多久能送, 能寄, 能送, 寄瑞士, 邻居, 丢件, 能收到吗, 签收',
    2: 'delivery, deliver, parcel, package, ship to, my parcel, arrive, take to, ship, tracking says, 包裹, 寄, 送到, 邮费, 单号, 能收到, 要多久, 邮寄',
    1: 'germany, france, spain, italy, belgium, austria, poland, netherlands, ireland, portugal, switzerland, norway, sweden, denmark, uk, britain, england,'
      + 'usa, america, canada, australia, japan, singapore, china, hong kong, europe, post, home, tracking,'
      + '德国, 法国, 西班牙, 意大利, 比利时, 奥地利, 波兰, 荷兰, 瑞士, 挪威, 瑞典, 丹麦, 英国, 美国, 加拿大, 澳大利亚, 日本, 新加坡, 中国, 大陆, 香港, 台湾, 欧洲, 收到',
  },
  returns: {
    4: 'money back, send back, send it back, return policy, refund, warranty, guarantee, my refund, 退款, 退货, 换货, 保修, 过保, 质保, 退的钱, 包装还能退',
    3: 'return, exchange, repair, damage, crack, smash, faulty, defective, broken, see my money, original packaging, original box, stopped working after,'
      + 'for a white one, for a black one, for another colour, don t like, dont like, unopened, arrived broken, spare part, the broken one,'
      + '能退, 可以退, 退吗, 要退, 想退, 换成, 维修, 能修, 怎么修, 修一次, 修要, 破损, 碎了, 裂了, 都裂, 是坏的, 坏了, 坏的, 寄回, 拆封, 备用机, 无理由, 想换, 瑕疵',
    2: 'fix it, get the label, return label, my money, postage, scratched, dented, torn, opened the box, does not like, doesnt like, swap, 退, 换, 修, 坏, 碎, 裂, 包装, 开箱, 质量问题, 到账',
    1: 'label, fix, stopped working, 打开箱子, 外壳',
  },
  technical: {
    4: 'bluetooth, wifi, wi fi, firmware, factory reset, factory setting, original settings, default settings, 恢复出厂, 蓝牙, 固件, 连不上, 没声音',
    3: 'offline, reset, pair, error, reconnect, router, drain, does not charge, doesnt charge, not charge, wont charge, wont connect, cant connect, cannot connect,'
      + 'completely silent, no sound, find its dock, find the dock, wont turn on, doesnt turn on, not turn on, turn off by itself, keeps disconnecting, disconnect, setup, set up, restart, blink, update is stuck, got lost, show up, stops at, got a new router,'
      + '离线, 重置, 重启, 报错, 错误, 充不进, 掉电, 搜不到, 路由器, 升级卡, 卡住, 找不到充电, 找不到基站, 基站, 一直在闪, 断线, 断开, 怎么连, 开不了机, 配网, 配对, 新路由器, 灯还亮',
    2: 'connect, update, dock, silent, app, map, stuck, reboot, discharge, charge any more, bricked, flicker, 连上, 连, 升级, 闪, 充电座, 耗电, 没反应, 怎么 reset, 卡, 左边, 右边',
    1: '5ghz, 2 4g, light, charging, sensor, app 里, app, 显示, 开机, 充电',
  },
  account: {
    4: 'password, passcode, log in, login, log into, my account, personal details, my details, personal information, lost my phone, phone was stolen, stole my phone, phone was lost, two factor, two step, delete my account, unsubscribe, 密码, 注销, 两步验证, 登录, 登不上',
    3: 'account, sign in, signed up, sign up, newsletter, personal data, privacy, gold member, gold, member, point, club, merge, phone number, email address, mail address, sign in code, my profile, my data, change my name, change my address, changing my address, my new address, contact information, pass code,'
      + '账户, 账号, 帐号, 帐户, 手机号, 验证码, 积分, 会员, 金卡, 个人信息, 隐私, 广告邮件, 合并, 个人资料, 被锁',
    2: 'profile, locked, membership, data, register, change my email, 邮箱, 注册, 订阅, 锁了, 实名, 会员价',
    1: 'email, mail, code, 邮件, 手机',
  },
  payment: {
    4: 'gift card, discount code, credit card, double charge, duplicate charge, charge on my account, charges on my account, charged my account, my account was charged, overcharged, duplicate transaction, pay with, pay by, bank transfer, installment, instalment, charged twice, invoice, 礼品卡, 优惠码, 分期, 发票, 货到付款, 补差价, 扣了两次, 支付宝',
    3: 'payment, paypal, alipay, wechat, declined, vat, receipt, discount, coupon, voucher, promo code, price drop, price match, get the difference, be charged, was charged, two codes, transaction, debited, klarna, apple pay, google pay, student,'
      + '付款, 支付, 微信支付, 微信, 信用卡, 扣款, 折扣, 打折, 优惠券, 转账, 差价, 降价, 价保, 月结, 抬头, 税号, 刷卡, 银行卡, 花呗',
    2: 'pay, charged, bank, card, code, price protection, my statement, 付, 扣, 优惠, 学生, 汇款, 余额, 到账单',
    1: 'twice, tax, cash, 钱, 税',
  },
  smalltalk: {
    4: 'how are you, how is it going, hows it going, your name, tell me a joke, are you a robot, are you a bot, are you human, nice to meet you, have a nice day, see you later, who are you,'
      + 'are you a real person, are you a real human, are you a human, are you a person, are you real, are you an ai, are you ai, you a bot, you a robot, you a real person, you are a person, youre a person,'
      + 'am i talking to, am i speaking to, am i talking with, am i speaking with, am i talking to a real person, am i talking to a human, am i speaking with a real person, how are things, how is everything,'
      + 'whats up, how have you been, how do you do, how are you doing, make me laugh, something funny, have a name, call you, you called, talk to you later, talk to you soon, talking to you, speak with you, 你是真人, 你是人吗, 是真人还是, 是不是机器人, 是人还是,'
      + '你好, 您好, 你是机器人, 是机器人吗, 你叫什么, 讲个笑话, 很高兴认识, 随便聊聊, 心情怎么样, 你是谁, 有人吗, 吃了吗',
    3: 'hello, hi, hi there, hey, hey there, hiya, greetings, good day, see ya, cya, see you soon, take care, take it easy, farewell, funny, a bot, an ai, good morning, good afternoon, good evening, good night, bye, goodbye, see you, joke, haha, 嗨, 哈喽, 在吗, 在么, 早上好, 下午好, 晚上好, 早安, 晚安, 再见, 拜拜, 回头见, 哈哈, 👋',
    1: 'no worries, yes, no, yep, nope, 是的, 不是, 没事, 早, 😊',
  },
  thanks: {
    4: 'thank you, thanks for, thank you for, many thanks, much obliged, grateful, much appreciated, appreciate it, 谢谢, 感谢, 多谢, 辛苦了, 谢啦, 麻烦你了',
    3: 'thanks, thank, thx, ty, appreciated, 3q, 谢了, 谢, 蟹蟹, 🙏',
    2: 'cheers, got it, ok, okay, alright, all right, fine, understood, sure, 嗯, 好, 行, 知道了, 收到了, 明白了, 了解, 好的, 好嘞',
  },
  person: {
    4: 'real person, to a real person, with a real person, chat with a person, person i could chat with, human being, talk to a human, speak to a human, call me back, call me, talk to someone, speak to someone, speak with someone, customer service staff, your colleague, representative,'
      + '人工, 真人, 活人, 转接, 回个电话, 给我打电话, 工作人员, 换个人, 找个人, 叫你们经理, 转客服, 找客服, 不要机器人',
    3: 'human, agent, manager, supervisor, staff, colleague, operator, a person, someone call, real human, 经理, 主管, 回电, 接客服',
    2: 'talk to, speak to, speak with, talk with, customer service, stop the bot, 客服, 投诉, 专员',
  },
  feedback_positive: {
    4: '5 star, five star, 10 10, that helped, that solved, solved my problem, answered my question, works again, work now, very happy, best support, super helpful, exactly what i needed, that was it,'
      + '五星, 好评, 解决了, 很清楚, 帮大忙, 太棒了, 正是我想, 问题解决, 修好了, 可以了可以了, 非常满意, 很满意',
    3: 'excellent, brilliant, very helpful, so helpful, was helpful, thats helpful, helped me, helps a lot, happy with, it worked, awesome, fantastic, wonderful, amazing, great service, great support, love it, well done, 满意, 真好, 强多了, 很专业, 有用, 很好, 真棒, 厉害, ❤',
    2: 'perfect, im happy, solved, quick answer, that was quick, 可以了, 专业, 不错, 👍, ⭐, 🌟, 👏',
    1: 'great, good, nice, cool, lovely, 好用, 赞, 连上了',
  },
  feedback_negative: {
    4: 'worst, terrible, useless, awful, horrible, ridiculous, not acceptable, unacceptable, unhappy, disappointed, didnt help, did not help, not helpful, didnt answer, did not answer, 1 star, one star, didnt solve,'
      + 'not satisfied, dissatisfied, poor service, bad service, still not working, waste of time, rubbish,'
      + '差评, 失望, 没用, 不满意, 答非所问, 没有解决, 没解决, 一星, 破服务, 白折腾, 体验很差, 不人性化, 太差, 很差, 垃圾, 没人理, 根本没',
    3: 'disappointing, frustrated, frustrating, angry, complaint, complain, annoyed, annoying, wrong answer, no help, fed up, way too long, 生气, 投诉你们, 还是不行, 真麻烦, 骗子, 无语, 太慢, 态度差, 😡, 😠, 😤, 👎',
    2: 'bad, slow, no use, not good, 差, 慢, 气人, 白',
    1: '麻烦, 😭, 😞, 😕',
  },
  other: {
    4: 'opening hours, opening time, weather, hiring, job, restaurant, sustainability report, the news, latest news, football, last night, supplier, 天气, 下雨, 招人, 招聘, 上市, 球赛, 几点上班, 人工客服几点, 人工客服时间, 营业时间, 供应商, 谈合作',
    3: 'recycle, store in, shop in, bicycle, collect my order, pick up myself, plastic free, blog, who manufacture, cobalt, stock market, 回收, 实体店, 门店, 自行车, 环保, 去仓库, 印我们的, 总部, 自己来取',
    2: 'open on, plastic, brand, report, your company, environment, 品牌, 合作, 你们公司, logo',
  },
}
