/**
 * Chinese phrases, and what they mean for a comparison of questions: `meaning: phrase, phrase`. `question-lexicon.ts` says how a meaning is
 * written. Words that only some trades use together are not joined: a tenant joins them as synonyms of its entities.
 */
export const CHINESE_QUESTION_WORDS = `
  : 你好, 您好, 你们好, 亲, 亲亲, 在吗, 早上好, 下午好, 晚上好, 请问, 请问一下, 问一下, 问下, 想问, 想问一下, 想问下, 我想问, 我想问一下, 我想知道
  : 麻烦问下, 麻烦问一下, 麻烦, 麻烦你, 麻烦您, 请教一下, 请教, 咨询一下, 想咨询一下, 我想咨询, 咨询, 打扰了, 打扰一下, 不好意思, 谢谢, 多谢, 谢谢啦, 感谢
  : 帮我看看, 帮我看下, 帮我查下, 帮忙看下, 告诉我, 能告诉我, 可以告诉我, 跟我说一下, 说一下, 劳驾, 客服, 老板, 店家, 小二, 求助, 急, 请
  : 我想, 我要, 我想要, 想要, 我需要, 我打算, 打算, 我准备, 准备, 我们想, 想, 我现在, 现在, 目前, 如今, 的, 了, 呢, 啊, 呀, 哦, 嘛, 啦, 哈, 吧, 喔, 嗯, 诶, 哎, 那, 那么
  : 就, 都, 也, 还能, 还可以, 很, 挺, 非常, 特别, 到底, 究竟, 具体, 大概, 大约, 一般, 通常, 会, 是, 这, 这个, 这款, 这种, 这边, 那个, 这里, 这儿, 一
  : 一下, 一个, 一种, 个, 些, 着, 把, 将, 然后, 所以, 因为, 如果, 要是, 假如, 的话, 的时候, 对于, 关于, 有关, 在, 于, 与, 和, 跟, 及, 有点, 想办法
  : 操作, 办法, 方法, 流程, 步骤, 自己, 个人, 进行, 款, 件, 条, 张, 只, 已经, 刚, 刚刚, 刚才, 正在, 过, 里, 里面, 里边, 上面, 相关, 来着, 才, 才能
  : 一直, 老是, 总是, 经常, 东西, 时, 家里, 我家, 大家, 各位, 朋友们, 我这, 我这边, 我们这, 你们这里, 你们这, 你们那, 你们那里, 而, 且, 则
  ~do: 做, 弄, 搞
  >for: 给
  ^must: 应该, 该, 应
  this_month: 这个月, 本月, 当月
  next_month: 下个月, 下月
  last_month: 上个月, 上月
  this_week: 这周, 本周, 这个星期, 这个礼拜
  next_week: 下周, 下个星期, 下个礼拜
  repay: 还款, 还钱, 还清

  ?way: 怎么, 怎么样, 怎样, 如何, 咋, 咋样, 怎么办, 该怎么办, 怎么弄, 怎么搞, 怎么操作, 如何操作, 怎么做, 怎么处理, 如何处理, 咋办, 咋整, 咋弄, 怎么整, 怎么解决, 如何解决, 怎么走, 怎么去, 怎么过去, 怎么办理, 如何办理
  ?way: 怎么申办, 咋办理
  ?way: 要怎么, 该怎么, 应该怎么, 怎么才能, 怎样才能, 如何才能, 怎么能, 怎么可以, 有什么办法, 有啥办法, 是怎么, 要怎么办, 应该怎么办, 如何是好
  ?yesno: 吗, 么, 是否, 能否, 可否, 行吗, 可以吗, 好吗
  ?reason: 为什么, 为啥, 为何, 怎么回事, 是怎么回事, 咋回事, 什么原因, 是什么原因, 什么情况, 原因, 怎么会, 凭什么, 干嘛
  ?date: 什么时候, 啥时候, 何时, 什么时间, 几时
  ?time: 几点, 几点钟
  ?time earliest: 最早几点, 多早
  ?day: 哪天, 哪一天, 几号, 星期几, 周几, 什么日子
  ?month: 几月, 哪个月
  ?date open: 几点开门, 几点营业, 几点上班, 营业时间, 营业时间是, 上班时间, 开门时间, 几点开始营业, 早上几点营业, 早上几点开门, 早上几点上班, 什么时候开门
  ?time until: 到几点
  ?date until: 到什么时候
  ?day until: 到几号, 到哪天
  ?wait: 多久能, 多久可以, 多久才能, 多久会, 几天能, 几天可以, 几天到账, 多长时间能, 几天才能, 要等多久, 几天到
  ?duration: 多久, 多长时间, 多长, 几天, 几个工作日, 多少天, 几个小时, 多少小时, 几个月, 多少个月, 几周, 多少时间, 需要多久, 多少个工作日, 是多长, 一般要多久
  ?frequency: 几次, 多少次, 几遍, 几回, 多久一次, 多长时间一次
  ?number: 多少, 几, 多少个, 几个
  ?number 人: 几个人, 多少人, 几人
  ?number 台: 几台, 多少台
  ?number kilogram: 多少公斤, 几公斤, 多重
  ?number 大: 多大
  ?number 高: 多高
  ?number 远: 多远
  ?number cost: 多少钱, 什么价格, 什么价, 啥价, 价格是多少, 费用是多少, 费用多少, 怎么收费, 如何收费, 收费标准, 价格多少, 要花多少钱, 价位, 什么价位, 价钱
  ?place: 哪里, 哪儿, 哪, 在哪, 在哪里, 什么地方, 何处, 啥地方, 在什么地方
  ?place >from from_where: 从哪里, 从哪, 从什么地方
  ?place to_where: 去哪, 去哪里, 到哪, 到哪里, 去什么地方, 往哪, 往哪里
  ?person: 谁, 哪位, 什么人, 由谁
  ?which: 什么, 啥, 哪个, 哪些, 哪种, 哪几个, 哪几种, 有哪些, 都有什么, 有什么, 都有哪些, 哪款, 哪一个, 都是什么, 什么样

  not: 不, 没, 没有, 未, 无, 别, 非, 不会, 勿, 无法, 不了, 不到, 不上, 不出, 不开
  not ^may: 不能, 不可以, 不可, 不让, 不准, 不许
  not ^must: 不用, 不必, 不需要, 无需, 无须, 不要
  #2: 两, 二
  @i: 我, 我们, 咱, 咱们, 我的, 我们的, 俺
  @you: 你, 您, 你们, 你的, 您的, 你们的, 贵司, 贵店, 贵公司, 你家, 你们家
  @he: 他, 他们
  @she: 她, 她们
  ^may: 能, 可以, 可, 能够, 允许, 让, 行, 准, 许
  ^must: 要, 需要, 得, 必须, 必需, 一定要, 非要, 务必, 必要, 有必要, 得必须
  >to: 到, 去, 至, 往
  >from: 从, 由

  cost: 费用, 价格, 收费, 要钱, 花钱, 收钱
  handling_fee: 手续费
  yuan: ¥, 元, 块, 块钱, 人民币
  dollar: $, 美元, 美金
  percent: %, 百分之
  free: 免费, 不要钱, 不用钱, 不收费, 不收钱, 免收
  free_delivery: 包邮, 免运费, 免邮, 免邮费, 包运费
  delivery_fee: 运费, 邮费, 快递费, 配送费
  spend: 满, 消费, 消费到, 消费满, 买满, 购满, 消费达到, 满多少钱
  refund: 退款, 退钱, 退的钱, 返款, 退费, 退还的钱, 钱退
  arrive_money: 到账, 到帐, 到我卡里
  buy: 买, 购买, 购, 下单买
  order: 下单, 订单, 下了单, 拍下, 拍了, 单子
  dispatch: 发货, 发出, 出货, 寄出
  parcel: 快递, 包裹, 快件, 物流
  deliver: 送, 配送, 送货, 派送, 送到
  receive: 收到, 签收, 收货, 拿到货, 到手
  return: 退, 退货, 退回, 退掉, 想退
  exchange: 换货, 调换, 更换商品
  broken: 坏, 坏了, 坏掉, 故障, 出故障, 不能用, 用不了, 没法用
  shattered: 碎, 碎了, 破了, 摔碎, 碎掉
  cancel: 取消, 撤销, 撤消, 取消掉
  delete: 删, 删除, 删掉, 误删
  change: 改, 修改, 更改, 变更, 改成, 更换, 改掉
  swap: 换, 换成, 换新, 换新的, 换个新的, 换点, 更换新的
  address: 地址, 收货地址
  password: 密码
  forgot: 忘, 忘记, 忘了, 想不起来, 记不得, 不记得, 找回
  login: 登录, 登陆, 登入, 上线
  cannot_login: 登不上, 登不上去, 登录不了, 登陆不了, 无法登录, 登不进去, 上不去, 不能登录, 登录不上, 登陆不上, 登不了
  logout: 退出登录, 登出, 退出
  account: 账号, 帐号, 账户, 帐户
  close_account: 注销, 销户, 注销掉
  pay: 付款, 支付, 付, 付钱, 交钱, 结账, 付账, 缴费
  pay_in: 交, 缴, 缴纳, 交纳, 上缴
  makeup_payment: 补缴, 补交
  invoice: 发票
  issue: 开具
  open_account: 开户
  turn_on: 打开, 开启, 开通, 启用, 激活, 开通一下, 开
  turn_off: 关闭, 关掉, 关, 停用, 关了, 关上
  open: 开门, 营业, 上班, 开诊, 营业的
  close: 关门, 打烊, 下班, 歇业
  ~have: 支持, 提供, 有, 我有, 存在
  ~handle: 办理, 办, 申办, 办一下
  : 门店, 店里, 店铺, 本店, 店, 一起, 成, 为
  apply: 申请
  apply_again: 补办, 补
  coupon: 优惠券, 优惠卷, 折扣券, 代金券, 抵用券, 券
  get_coupon: 领, 领取, 领到
  discount: 打折, 优惠, 折扣, 便宜点, 降价
  points: 积分
  redeem: 兑换, 换购, 兑
  stock: 现货, 有货, 库存
  warranty: 保修, 质保, 保修期, 质保期, 三包
  repair: 维修, 修, 修理
  report_fault: 报修
  mobile: 手机, 手机上
  sim_card: 手机卡, 电话卡
  bank_card: 银行卡, 卡
  credit_card: 信用卡
  lost: 丢, 丢了, 丢失, 遗失, 掉了, 弄丢, 不见了, 找不到, 不见
  report_loss: 挂失
  transfer: 转账, 转帐, 转钱, 汇款, 转
  other_bank: 跨行, 别的银行, 其他银行, 他行, 别家银行, 到别的银行, 转到别的银行, 转账到别的银行
  limit: 限额, 额度, 上限, 限制
  rate: 利率, 利息
  fixed_deposit: 定期, 定期存款, 存定期
  documents: 材料, 证件, 资料
  bring: 带, 携带, 带上, 拿, 带去
  annual_fee: 年费
  waive: 免, 免除, 减免, 免掉
  fail: 失败, 没成功, 不成功, 没有成功, 未成功, 失败了
  prepay: 提前还, 提前还款, 提前还清, 提前结清
  penalty: 违约金
  mortgage: 房贷, 住房贷款
  loan: 贷款, 贷
  check: 查, 查询, 查看, 查到, 看, 查一下, 看到, 看看
  credit_report: 征信, 征信报告
  branch: 网点, 营业网点, 支行
  mobile_bank: 手机银行
  weekend: 周末, 周六周日, 双休日, 星期六星期天, 礼拜六礼拜天
  sunday: 周日, 星期日, 星期天, 礼拜天, 礼拜日, 周天
  saturday: 周六, 星期六, 礼拜六
  monday: 周一, 星期一, 礼拜一
  tuesday: 周二, 星期二, 礼拜二
  wednesday: 周三, 星期三, 礼拜三, 周3, 星期3, 礼拜3
  thursday: 周四, 星期四, 礼拜四, 周4, 星期4, 礼拜4
  friday: 周五, 星期五, 礼拜五, 周5, 星期5, 礼拜5
  balance_phone: 话费
  data_volume: 流量
  use_up: 用完, 用光, 用超, 都用完, 都用完了, 用没了
  use: 用, 使用, 用到
  what_happens: 会怎么样, 会怎样, 怎么样了, 会如何, 有什么后果, 会有什么后果
  broadband: 宽带, 网络, 网, 宽带网
  install: 装, 安装, 装一个
  no_internet: 断网, 断网了, 没网, 没网了, 上不了网, 不能上网, 没有网络, 没网络, 断了没网, 没有网
  offline: 离线, 没有网络能, 脱机, 无网络
  slow: 慢, 卡, 卡顿, 很慢
  eleventh: 双11
  switch_number: 携号转网, 转网
  expire: 到期, 过期, 期满, 截止
  valid: 有效, 有效期
  night: 晚上, 夜里, 夜间, 一到晚上, 每天晚上, 每到晚上
  no_signal: 没信号, 没有信号, 信号没有, 信号差, 无信号
  intercept: 拦截, 拦下来, 拦住, 屏蔽
  nuisance_call: 骚扰电话
  set: 设置, 设定, 设
  plan: 套餐, 资费
  power_bank: 充电宝, 移动电源
  plane: 飞机, 航班, 飞机上, 上飞机, 坐飞机
  train: 火车, 火车上, 上火车, 坐火车
  car: 车上
  computer: 电脑, 电脑上
  luggage: 行李
  checked: 托运
  weight_max: 限重, 最多能带, 最多带
  kilogram: 公斤, 千克
  checkin: 入住, 办理入住, 住进去
  checkout: 退房, 退了房
  include: 包含, 包括, 包, 含, 含有, 有没有含, 包不包括
  room_fee: 房费, 房价
  child: 儿童, 孩子, 小孩, 小朋友, 宝宝
  late: 延误, 晚点, 误点
  compensate: 补偿, 赔, 赔偿, 赔付
  parking: 停车, 停车场, 停车位
  store_luggage: 寄存, 寄放, 存放
  pet: 宠物, 狗狗猫咪, 小动物, 猫狗
  travel_fee: 团费, 旅游团的费用
  insurance: 保险
  book: 预约, 预定, 预订
  specialist: 专家号, 专家门诊
  registration: 挂号, 挂了号, 挂的号
  result: 结果, 报告
  get_result: 拿到, 出来
  empty_stomach: 空腹, 空着肚子, 不吃饭
  blood_test: 抽血, 验血
  medical_insurance: 医保
  reimburse: 报销
  first_visit: 初诊, 第一次来看病, 第一次看病, 首次就诊, 第一次就诊
  print: 打印
  lab_sheet: 化验单, 检验单
  vaccine: 疫苗, 接种, 打疫苗, 接种疫苗
  hospital_stay: 住院
  accompany: 陪护, 陪床, 家属能不能陪床, 陪
  orthodontics: 矫正, 正畸
  per_day: 一天, 每天, 每日, 天天
  per_month: 每月, 每个月
  per_year: 每年
  eat: 吃, 服用
  export: 导出
  import: 导入
  spreadsheet: 表格, 电子表格
  member: 成员
  membership: 会员
  add: 添加, 加, 加进来, 加入, 增加, 新增
  cannot_open: 打不开, 点了没反应, 没反应打不开, 点了没反应打不开, 无法打开, 开不了
  night_mode: 夜间模式, 深色模式, 暗黑模式, 黑暗模式
  auto_renewal: 自动续费, 自动扣费
  recover: 恢复, 找回来, 还原, 复原
  latest: 最新, 新版, 最新版, 最新版本, 最新的版本, 新版本
  update: 更新, 升级到最新, 升级到最新的
  upgrade: 升级
  device: 设备, 设备上
  most: 最多, 至多, 最大
  least: 最少, 至少, 最低
  at_once: 同时, 同一时间
  open_api: 开放接口, 开放的接口, 接口
  residence_permit: 居住证
  id_card: 身份证
  withdraw: 提取, 提现
  interrupted: 断, 断了, 中断, 断缴
  marry: 结婚, 领结婚证, 结婚登记, 领证结婚, 登记结婚
  report_case: 报案
  enrol: 报名
  water_bill: 水费
  online: 网上, 线上, 在线, 在网上
  pause: 暂停, 停一段时间, 先停一段时间
  gym_card: 健身卡
  contact: 联系, 找, 联系到
  human: 人工, 人工客服, 真人
  difference: 区别, 不同, 差别, 不一样
  before: 之前, 以前, 前
  after: 之后, 以后, 后
  name_: 名字, 姓名
  wechat_pay: 微信支付, 微信付款, 微信付, 微信
  alipay: 支付宝
  location_now: 到哪了, 到哪里了, 走到哪了, 走到哪里了, 在哪里了, 在什么位置, 送到哪了, 送到哪里了
  too_big: 大了, 买大了, 太大, 偏大
  too_small: 小了, 买小了, 太小, 偏小
  suit: 合适, 合身
  other_people: 别人, 其他人, 他人, 旁人, 另外的人
  counterpart: 对方
  friend: 朋友
  wife: 老婆, 妻子, 太太, 媳妇
  husband: 老公, 丈夫
  parents: 父母, 爸妈, 爸爸妈妈
  family: 家人, 家属, 亲属
  landlord: 房东
  tenant: 租客, 租户, 房客
  seller: 卖家, 商家, 卖方
  buyer: 买家, 顾客, 客户, 买方
  other: 别的, 其他, 其它
  gender: 性别
  class: 级别, 类别, 等级
  wireless: 无线
  second_hand: 二手
  qr_code: 二维码
`
