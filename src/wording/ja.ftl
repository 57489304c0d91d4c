# Saitenの表示文(日本語)。en.ftlと同じ項目、同じ引数。

error-prefix = エラー:

# 判定
verdict-holds = { $metric }は{ $value }、基準は{ $bounds }
verdict-does-not-hold = { $metric }は{ $value }、基準は{ $bounds }
verdict-need-missing = これは満たしますが、{ $metric }は{ $value }、基準は{ $bounds }
verdict-straddles = { $metric }は{ $value }、基準は{ $bounds }。測定値が基準の前後にばらついています
verdict-mixed = { $metric }は、満たす測定と満たさない測定があります
verdict-no-reading = アーム{ $arm }で{ $metric }を測定できませんでした: { $reason }
verdict-service-failed = { $of }回中{ $failed }回、サービスを利用できませんでした: { $reason }
verdict-unsupported = この環境では実行できません: { $missing }
verdict-lab-error = アーム{ $arm }が{ $phase }の段階で失敗しました: { $reason }
verdict-interrupted = アーム{ $arm }は中断されました { $reason }
symptom-seen = 症状が現れています: { $metric }は{ $value }
symptom-absent = 対処なしでも症状が現れませんでした: { $metric }は{ $value }、期待は{ $bounds }
symptom-holds-already = 対処なしですでに満たされているため({ $metric }は{ $value })、何も証明しません
trust-late = アーム{ $arm }でスイッチが最大{ $late }遅れました(負荷はCPUあたり{ $load })。この測定値を信じるには環境が忙しすぎます
trust-frames-lost = アーム{ $arm }で、スイッチに届く前に{ $count }フレームが失われました
trust-records-lost = アーム{ $arm }で、キャプチャの{ $count }フレームが失われました
trust-capture-full = アーム{ $arm }の測定が終わる前に、キャプチャが上限に達しました

# 気づいたこと
finding-fix-failed = 対処{ $fix }が{ $endpoint }で終了コード{ $status }になりました: { $output }
finding-activation-failed = { $fix }が{ $endpoint }で終了コード{ $status }になりました: { $output }
finding-nothing-changed = 対処{ $fix }は{ $endpoint }の{ $path }を何も変えませんでした
finding-configuration-same = 対処{ $fix }はファイルを書き換えましたが、デーモンの有効な設定は変わっていません
finding-left-behind = 削除できないものが残りました。`saiten sweep`を試してください: { $reason }
finding-no-door = 演習環境は起動しましたが、中に入れません: { $reason }

# 通信から分かったこと
remark-silent-connect = { $count ->
    [0] { $endpoint }は接続するまで{ $time }沈黙
   *[other] { $endpoint }は接続するまで{ $time }沈黙、その間の問い合わせ: { $queries }
    }
remark-silent-banner = { $count ->
    [0] { $endpoint }はサーバが名乗るまで{ $time }沈黙
   *[other] { $endpoint }はサーバが名乗るまで{ $time }沈黙、その間の問い合わせ: { $queries }
    }
remark-silent-kex = { $count ->
    [0] { $endpoint }は鍵交換が終わるまでに{ $time }沈黙
   *[other] { $endpoint }は鍵交換が終わるまでに{ $time }沈黙、その間の問い合わせ: { $queries }
    }
remark-silent-auth = { $count ->
    [0] { $endpoint }は認証中に{ $time }沈黙
   *[other] { $endpoint }は認証中に{ $time }沈黙、その間の問い合わせ: { $queries }
    }
remark-silent-end = { $count ->
    [0] { $endpoint }は{ $time }沈黙したまま終了
   *[other] { $endpoint }は{ $time }沈黙したまま終了、その間の問い合わせ: { $queries }
    }
remark-resent = TCPセグメントが{ $count }回再送されました
remark-vantages = 同じログインを3つの視点から: ssh { $openssh }、通信 { $wire }、libssh2 { $libssh2 }(GSSAPIは見えない)
remark-libssh2 = libssh2ではログインできませんでした: { $reason }

# 効果
effect-none = ここでは効果なし
effect-takes-off = { $amount }減らす
effect-adds = { $amount }増やす
effect-hurts-more = { $amount }悪化させる
effect-hurts-less = 悪化させる({ $amount }減る)
effect-necessary-and-sufficient = {"。"}必要かつ十分
effect-necessary = {"。"}必要、単独では不十分
effect-sufficient = {"。"}単独で十分
effects-title = 各対処の効果
effects-fix = 対処
effects-metric = メトリック
effects-alone = 単独
effects-last = 最後に
effects-main = 平均
effects-add-up = 効果は足し合わせになっています。組み合わせによる相互作用はありません。
effects-interaction = { $one }と{ $other }の組み合わせ: { $metric }に、和を超えて{ $amount }

# 語
# 証明
proof-title = 既知の提出物
proof-as-it-must = 期待どおり{ $is }です: { $why }
proof-otherwise = { $must }のはずが{ $is }です: { $why }
proof-no-reason = 理由{ $reason }が示されませんでした
proof-not-judged = 判定されませんでした
proof-passes = 合格
proof-fails = 不合格: { $checks }
proof-undecided = 人の判断が必要: { $checks }
proof-count = 提出物{ $all }件のうち{ $right }件が期待どおりでした。

word-pass = 合格
word-symptom = 症状あり
word-fail = 不合格
word-vacuous = 無意味
word-inconclusive = 判定不能
word-unsupported = 対象外
word-error = エラー
phase-waiting = 待機中
phase-up = 起動中
phase-ready = 準備中
phase-faults = 障害を設定中
phase-fixes = 対処を適用中
phase-measure = 測定中
phase-collect = 証拠を収集中
phase-down = 停止中

# まとめ
summary-checks = { $count }個のチェック
summary-scenarios = { $count }個のシナリオ
summary-points = { $most }点中{ $points }点
summary-hint = ヒント:
summary-reason = 考えられる理由:
summary-asked = 誰が何を問い合わせたか
asked-nothing = 問い合わせなし
asked-outside = { $count ->
    [0] 外部へは0件
   *[other] 外部へ{ $count }件: { $names }
    }
asked-table = { $probe }: { $count }件の名前解決。ladders.txtを参照
asked-reported = { $what }: 外部へ { $counts } 件
ladders-emulated = * エミュレーション: 文書に記されたWindowsの順序で、実機での測定ではありません
ladders-left-out = ほか{ $count }件
summary-finding = 注意:
summary-where = 時間がかかった箇所
summary-compressed = リゾルバの待ち時間は短縮されています(timeout:1 attempts:1)。--realtimeで本来の値になります。
summary-backend = バックエンド: { $backend }（{ $why }）
summary-not-limited = このマシンでは制限できないもの: { $what }
summary-interrupted = (中断)

# 進行
progress-started = { $count }個の演習環境を起動します
progress-image = イメージ{ $image }: { $step }
progress-phase = { $lab }: { $phase }
progress-found = { $lab }: 注意: { $finding }
progress-error = { $lab }: エラー: { $error }
progress-kept = { $lab }は{ $name }として起動したままです。`saiten down { $name }`で終了します
progress-interrupted = 中断: すべての演習環境を停止します

# コマンド
check-fine = { $file }: { $scenario }に問題はありません
images-missing = 未作成
images-saved = { $count }個のイメージを{ $file }に保存しました
sweep-removed = 削除しました: { $name }
sweep-left = 残しました: { $name }
sweep-nothing = 削除するものはありません
up-is-up = { $lab }が{ $name }として起動しました
up-how-to-end = 終了するには: saiten down { $name }
down-unknown = 演習環境`{ $lab }`は起動していません
down-nothing = 起動中の演習環境はありません
down-done = { $name }を停止しました
down-slow = { $name }はまだ停止中です。残ったものは`saiten sweep`で削除できます
shell-which-lab = `{ $lab }`に一致する起動中の演習環境が一つに決まりません。起動中: { $labs }
shell-lab-gone = 演習環境が終了しました
doctor-native = ネイティブバックエンド
doctor-backend = ラボを動かすもの
doctor-try = 次のコマンドを試してください:
doctor-endpoints = エンドポイントで使えるもの
doctor-images = イメージ
doctor-image-missing = 未作成(`saiten run`が作成します)
doctor-scenarios = シナリオ
doctor-healthy = すべてこの環境で実行できます。
doctor-trouble = 実行できないものがあります。✗を見てください。

# Backends
backend-asked = 指定されたため
backend-works = このマシンで動作するため
backend-instead = ネイティブバックエンドがこのマシンで動作しないため: { $why }
probe-failed = { $why }
probe-ids-root = root で実行中。エンドポイントはどの利用者のものでもない ID を使います（{ $range }）
probe-ids-user = 一般ユーザーで実行中。エンドポイントはサブ ID を使います（{ $range }）
probe-store = { $dir }
probe-namespaces = ユーザー、マウント、ネットワークの名前空間を作れます
probe-endpoint = 起動、応答、終了まで { $took }
probe-nics-tap = TAP デバイス
probe-nics-veth = /dev/net/tun を開けないため、veth とパケットソケットで代用します
probe-limits = { $what } を { $kind } で制限します
probe-limits-disk = エンドポイントごとにディスク容量とファイル数を制限します
probe-limits-instead = エンドポイントの利用者ごとにプロセス数を setrlimit で制限します
probe-not-limited = { $what } は制限できません: { $why }
