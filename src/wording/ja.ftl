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
trust-link = アーム { $arm } のネットワーク { $network } で、{ $what } が { $measured } でした(シナリオの指定は { $asked })。マシンの負荷が高すぎるため、この数値は信頼できません

# 気づいたこと
finding-fix-failed = 対処{ $fix }が{ $endpoint }で終了コード{ $status }になりました: { $output }
finding-activation-failed = { $fix }が{ $endpoint }で終了コード{ $status }になりました: { $output }
finding-nothing-changed = 対処{ $fix }は{ $endpoint }の{ $path }を何も変えませんでした
finding-configuration-same = 対処{ $fix }はファイルを書き換えましたが、デーモンの有効な設定は変わっていません
finding-left-behind = 削除できないものが残りました。`saiten sweep`を試してください: { $reason }
# 採点
grade-nobody = { $place } に提出物がありません。学生ごとのディレクトリかアーカイブを置きます。1人分のディレクトリなら --single を付けます
grade-nothing-accepted = 求められたものが提出されていません。求められているもの: { $names }
grade-no-image = { $name } はイメージではありません: { $why }
grading-calibrates = 全員の比較対象となる、対処なしと対処ありの演習環境を測定しています
grading-progress = { $of }件中{ $done }件を採点 · 毎分{ $rate }件 · 残り{ $left }分 · 要確認{ $review }件 · 受付不可{ $refused }件
measuring-again = { $scenario }: { $count }件を静かな状態で測り直します
mark-skipped = 対象外: 先に「{ $check }」が成り立つ必要があります
finding-windows-lines = { $endpoint } 用スクリプトの改行がWindows形式(CR LF)です。シェルはCRを最後の語の一部とみなします
finding-submission-timed-out = { $endpoint } 用スクリプトが{ $limit }以内に終わらなかったため、終了させました
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
remark-link = リンク { $network } (指定、実測): 往復時間 { $asked_rtt }、{ $rtt }; 損失 { $asked_loss }、{ $loss }; 速度 { $asked_rate }、{ $rate }
remark-transfer = TCP({ $inner })× { $flows } をUDPで運搬: { $goodput }、往復時間 { $rtt }、再送 { $retransmits } セグメント
remark-transfer-in-tcp = TCP({ $inner })× { $flows } をTCP({ $outer })で運搬: { $goodput }、往復時間 { $rtt }、再送 { $retransmits } セグメント
remark-tunnel-down = { $client } は { $seconds } 経ってもトンネルを張れませんでした: { $said }; NATの手前で最後に見えたIKE: { $lan }; NATの先: { $public }; { $client } のログ: { $client_log }; { $gateway } のログ: { $gateway_log }
remark-insert-failed = { $client } はESPフレームを { $sent } 個送りましたが、NATはそのうち { $failed } 個をもう一方のクライアントのものと区別できず、破棄しました(insert_failed)
remark-misdelivered = { $client } 宛のESPフレーム { $count } 個が { $other } に届けられました(SPI { $spi })
remark-esp-by = { $gateway } のESPは{ $esp ->
    [kernel] カーネルが処理
   *[other] ユーザ空間で処理(カーネルにESPがないため)
    }
remark-hops = { $case ->
    [no] { "" }
   *[other] { $case }:{" "}
    }フレーム数 ゲスト→ハイパーバイザ→TAP→アップリンク→LAN: { $forth }; 戻り LAN→アップリンク→TAP→ゲスト: { $back }; 応答 { $answered }: { $hop ->
    [nowhere] すべて通っています
    [cable] ゲストのNICにケーブルがつながっていません
    [guest] ゲストから何も出ていません
    [hypervisor] ハイパーバイザの中で止まっています
    [bridge] ブリッジの中(TAPとアップリンクの間)で止まっています
    [wire] アップリンクとLANの間で止まっています
    [peer] LAN上の誰も応答していません
    [way-back] 応答が戻る途中、ブリッジで止まっています
   *[other] 応答がゲストに届いていません
    }
remark-hop-trouble = 調べられませんでした: { $why }
remark-useless-helped = { $case }: 効かないはずの操作が効きました: { $line }
remark-not-restored = { $case }: 基準の対処でもフレームが通りませんでした

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

# ミュータント
mutants-title = 対処のミュータント
mutants-kills = { $count ->
    [0] { $of }個のうち検出なし
   *[other] { $of }個のうち{ $count }個を検出{ $alone ->
        [0] (単独での検出なし)
       *[other] (うち単独{ $alone }個)
    }
    }
mutants-vacuous = { $of }個のどれも検出しません。何が間違っていても合格するので、何も確かめていません
mutants-open = 測定できたものの中に、検出したものはありません
mutants-survivor = どのチェックも検出しません: { $name }({ $title }) — { $meaning }
mutants-undecided = 判定できません: { $name } — { $why }
mutants-restricted = { $kinds }のみ: { $because }
mutants-count = ミュータント{ $all }個のうち{ $killed }個が検出されました。
mutants-killed = ミュータント{ $of }個のうち{ $count }個で不合格になります({ $mutants })。このチェックだけが検出するもの: { $alone }
mutants-killed-never-alone = ミュータント{ $of }個のうち{ $count }個で不合格になります({ $mutants })。単独で不合格になることはなく、同じものを他のチェックも検出します
mutants-none-killed = ミュータント{ $of }個のどれでも不合格になりません。何が間違っていても合格するので、何も確かめていません
mutants-not-decided = 測定できたミュータントでは不合格になりません。残りは判定できていません
mutant-omitted = 対処をすべて省略
mutant-left-out = 対処{ $what }を省略
mutant-undone = 行を省略: { $what }
mutant-misspelt = つづり間違い: { $what }
mutant-reverted = { $on }で元に戻した行: { $what }
mutant-not-activated = 対処を反映していない
mutant-stopped = { $on }で{ $what }を停止
mutant-liars = 対処なしで、{ $on }のツールが正常だと偽る
survives-omitted = 対処がなくても正常です
survives-left-out = この対処の効果は、この演習環境では判定されません
survives-undone = この行の効果は、この演習環境では判定されません
survives-misspelt = この行の設定の効果は、この演習環境では判定されません
survives-reverted = 元に戻した部分の効果は、この演習環境では判定されません
survives-not-activated = 編集だけで反映されます
survives-stopped = 判定に必要ないか、プローブが起動し直しています
survives-liars = 採点器が、エンドポイント自身の言い分を信じています

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

# VirtualBox
virtualbox-interrupted = 中断されました
virtualbox-no-program = プログラム { $program } がありません。VirtualBoxをインストールするか、--vboxmanage PROGRAM で指定してください ({ $reason })
virtualbox-not-started = { $program } を起動できません: { $reason }
virtualbox-slow = { $seconds }秒以内に終わりません: { $command }
virtualbox-too-much = 出力が多すぎるため、読み取りませんでした: { $command }
virtualbox-refused = 終了コード { $status }: { $command }: { $said }
virtualbox-no-vm = VirtualBoxに仮想マシン { $vm } はありません。あるのは { $known } です。仮想マシンはユーザーごとに管理されるので、その仮想マシンを持つユーザーで実行してください
virtualbox-many-vms = { $vm } という名前の仮想マシンが複数あります。UUIDで指定してください: { $known }
virtualbox-unread = { $vm } の { $nic } についての情報がないか、出力が途中で切れています: { $command }
virtualbox-not-running = 仮想マシン { $vm } は実行中ではありません (状態: { $state })。起動してください: { $command }
virtualbox-disabled = { $vm } の { $nic } は無効です。VirtualBoxは終了コード0を返しますが、無効なNICには何も割り当てません。仮想マシンを終了してから実行してください: { $command }
virtualbox-no-adapter = VirtualBoxがブリッジできるアダプタに { $adapter } はありません。あるのは { $known } です
virtualbox-no-interface = { $adapter } がこのマシンのどのインタフェースか分かりません。--interface で { $known } のどれかを指定してください
virtualbox-no-sysfs = このマシンのインタフェースを読み取れません: { $reason }
virtualbox-down = { $adapter } は停止中か、リンクがありません。VirtualBoxが何をしても、フレームは外に出られません
virtualbox-no-way-back = { $vm } の { $nic } の割り当ては { $attachment } で、VBoxManageでは元に戻せません。何も変更していません
virtualbox-no-right = { $interface } を見る権限がありません ({ $reason })。このプログラムに権限を与えてください: sudo setcap cap_net_raw+ep { $program }
virtualbox-no-capture = { $interface } を見ることができません: { $reason }
virtualbox-not-taken = 実行しても { $vm } の { $nic } の割り当ては { $is } です: { $command } (終了コード { $status }、出力 { $said })
virtualbox-wireless = { $adapter } は無線です。VirtualBoxがゲストのフレームにホスト自身のアドレスを書き込むため、ホストのフレームと区別できません
virtualbox-guest-silent = VirtualBoxのカウンタによると、アーム { $arm } でゲストは何も送信していないので、何も届きません。ゲストでpingを実行し続けてください
virtualbox-unproven = どのアームでもゲストのフレームが見えず、ゲストが何を送信したかもVirtualBoxから分かりません。pingが実行されていたかどうか判断できません
virtualbox-wire-silent = どのアームでも、ホストのインタフェースには誰のフレームも流れませんでした。インタフェースが違うか、ケーブルが抜けている可能性があります
virtualbox-attached-otherwise = { $vm } の { $nic } の割り当ては { $is } で、{ $adapter } ではありません。何も届かないのはそのためです
virtualbox-unplugged = { $vm } の { $nic } のケーブルが抜けています。何も届かないのはそのためです。接続するコマンド: { $command }
virtualbox-works = 今のままでゲストのフレームは配線に届いています。直すところはありません
virtualbox-your-word = ゲストが何を送信したかはVirtualBoxから分かりません。ここでもpingが実行されていたことは確認できていません
virtualbox-put-back = { $nic } を元の割り当て { $attachment } に戻しました。対処後の状態にするコマンド: { $command }
virtualbox-not-put-back = { $vm } の { $nic } を元の割り当て { $attachment } に戻せませんでした。次のコマンドを実行してください: { $command } ({ $reason })
virtualbox-patience = お待ちください。先に仮想マシンのNICを元に戻しています
virtualbox-found = { $vm }: { $nic } (アドレス { $mac }) の割り当ては { $attachment } です。{ $interface } を監視します
virtualbox-ping = 終わるまで、ゲストから他のマシンへpingを実行し続けてください (ゲストがWindowsなら ping -t)。
virtualbox-if-killed = NICは、終了時とCtrl-Cのときに元に戻されます。このプログラムが強制終了された場合は、次のコマンドを実行してください: { $command }
virtualbox-enter = 実行できたらEnterキーを押してください。
virtualbox-try-fix = 症状が出ています。教材の対処を試すには、同じコマンドに --apply を付けてください。

# アプライアンス: 見つかったこと
appliance-bridged = { $vm }のアダプター{ $number }は、エクスポート元のマシンの物理NIC「{ $name }」にブリッジ接続されています
appliance-bridged-nameless = { $vm }のアダプター{ $number }はブリッジ接続で、NICの指定がありません。どのNICにつながるかはインポート先で決まります
appliance-bridged-disabled = { $vm }のアダプター{ $number }は無効ですが、「{ $name }」へのブリッジ接続の設定が残っています。有効にするとそのNICが使われます
appliance-other = { $vm }のアダプター{ $number }のネットワーク「{ $name }」はVirtualBoxの知らない名前で、インポート時にブリッジ接続になります
appliance-other-nameless = { $vm }のアダプター{ $number }にはネットワークの名前がなく、インポート時にブリッジ接続になります
appliance-generic = { $vm }のアダプター{ $number }は独自のドライバーを使います。インポート先にあるとは限りません
appliance-null = { $vm }のアダプター{ $number }は未割り当てです
appliance-natnetwork = { $vm }のアダプター{ $number }はNATネットワーク「{ $name }」につながっています。これはホスト側の設定で、アプライアンスには含まれません
appliance-hostonly = { $vm }のアダプター{ $number }はホストオンリーネットワーク「{ $name }」につながっています。インポート先では名前が違うかもしれません
appliance-cable-out = { $vm }のアダプター{ $number }のケーブルが抜けています
appliance-no-way-in = { $vm }には操作用のNATアダプターもホストオンリーアダプターもありません
appliance-mac-twice = { $vm }のアダプター{ $numbers }のMACアドレスが同じです: { $mac }
appliance-mac-fixed = { $count ->
   *[other] { $vm }のアダプター{ $numbers }のMACアドレスが含まれています。そのままインポートすると、すべてのコピーが同じMACアドレスになります
    }
appliance-several-systems = アプライアンスに仮想マシンが{ $count }台含まれています
appliance-descriptor-late = 記述ファイル(.ovf)がアーカイブの先頭にありません
appliance-no-manifest = マニフェストがないため、途中でファイルが壊れたかどうか確かめられません
appliance-manifest-broken = マニフェストの{ $line }行目を読み取れません
appliance-file-missing = { $file }がありません
appliance-file-no-file = { $file }はリンクまたはディレクトリのため、調べていません
appliance-file-remote = 別の場所にあるファイルが指定されています: { $href }
appliance-file-size = { $file }は{ $is }バイトですが、記述ファイルでは{ $stated }バイトです
appliance-file-extra = { $file }はどこからも参照されていません
appliance-digest-differs = { $file }はエクスポート時のファイルと異なります({ $algorithm }がマニフェストと一致しません)
appliance-digest-unknown = マニフェストにある{ $file }の{ $algorithm }は確認していません
appliance-digest-none = { $file }がマニフェストにありません
appliance-disk-nowhere = ディスク{ $disk }の内容は{ $file }とされていますが、記述ファイルにその参照がありません
appliance-disk-absurd = ディスク{ $disk }の容量があり得ない値です: { $capacity }

# アプライアンス: 対処
appliance-advice-course = 物理環境をまたいでインポートする仮想マシンは、操作用のNAT・ホストオンリーアダプタのみを含む状態でエクスポートし、ブリッジアダプタは配布後に生徒自身の手で追加させてください。
appliance-advice-before = エクスポートの前に、元のマシンで:
appliance-advice-anew = インポートした後なら、ブリッジを作り直してください(<name>は`VBoxManage.exe list bridgedifs`に表示される名前):
appliance-advice-no-start = そのNICがなくて起動しないなら、まず電源オフのまま:
appliance-advice-null = エクスポートの前に無効にするか、NATまたはホストオンリーに割り当ててください。
appliance-advice-natnetwork = NATにするか、同じ名前のNATネットワークを先に生徒に作らせてください。
appliance-advice-hostonly = インポートの後、そのマシンのホストオンリーネットワークを選んでください。
appliance-advice-mac = 「すべてのネットワークアダプターでMACアドレスを生成」を選んでインポートする(VBoxManageでは既定)か、MACアドレスなしでエクスポートしてください(--options nomacs)。
appliance-advice-several = 1台だけ必要なら、1台ずつエクスポートしてください。
appliance-advice-first = エクスポートし直すか、.ovfを先頭にして固めてください。先頭から一度だけ読むソフトウェアに必要です。
appliance-advice-manifest = SHA1またはSHA256のマニフェスト付きでエクスポートし直してください(--options manifest)。
appliance-advice-missing = リンクではなく、エクスポートしたすべてのファイルをコピーするか、1つの.ovaとしてエクスポートしてください。
appliance-advice-damaged = 元の場所からコピーし直してください。それでも同じなら、エクスポートし直してください。
appliance-advice-remote = VirtualBoxはダウンロードしません。ファイルを記述ファイルと同じ場所に置いてください。

# アプライアンス: 読めない理由
appliance-refused-unreadable = 読み取れません: { $why }
appliance-refused-no-file = ファイルではありません
appliance-refused-format = { $format }形式のファイルです。.ovaは圧縮されていないtarアーカイブです。先に展開してください
appliance-refused-no-tar = 読み取れるtarアーカイブではないため、.ovaではありません
appliance-refused-damaged = アーカイブの{ $at }バイト目が壊れています。コピーし直してください
appliance-refused-cut-off = アーカイブが{ $at }バイト目で途切れています。コピーし直してください
appliance-refused-kind = { $name }は通常のファイルではありません。エクスポートされたものには含まれないはずです
appliance-refused-name = { $name }は、アプライアンスの外を指すか、ファイル名になり得ない名前です
appliance-refused-twice = { $name }が2つあります
appliance-refused-descriptors = 記述ファイルが{ $name }のほかにもあります
appliance-refused-no-descriptor = 記述ファイル(.ovf)がないため、アプライアンスではありません
appliance-refused-large = { $name }が{ $most } KiBを超えています
appliance-refused-many = 同じ種類のものが{ $most }個を超えています。エクスポートされたものではあり得ません
appliance-refused-total = ファイルの合計が{ $gib } GiBを超えています。上限は--mostで変えられます
appliance-refused-claim = 記述ファイルによるファイルの合計が{ $gib } GiBを超えています。上限は--mostで変えられます
appliance-refused-size = { $file }のサイズがあり得ない値です: { $size }
appliance-refused-encoding = 記述ファイルが正しい{ $encoding }ではありません。UTF-8か、BOM付きのUTF-16で保存してください
appliance-refused-doctype = 記述ファイルに文書型宣言があります({ $line }行目)。何でも隠せるため読みません。エクスポートされたものには含まれないはずです
appliance-refused-bomb = 記述ファイルの入れ子が深すぎるか、要素または属性が多すぎます({ $line }行目)
appliance-refused-xml = 記述ファイルがXMLではありません({ $line }行目): { $why }
appliance-refused-empty = 記述ファイルが空です
appliance-refused-root = 記述ファイルではありません。<Envelope>ではなく<{ $root }>で始まっています
appliance-refused-no-system = 仮想マシンの記述がありません

# アプライアンス: 報告
appliance-adapter = アダプター
appliance-attached = 割り当て
appliance-mac = MACアドレス
appliance-card = 種類
appliance-attached-nat = NAT
appliance-attached-natnetwork = NATネットワーク
appliance-attached-hostonly = ホストオンリー
appliance-attached-intnet = 内部ネットワーク
appliance-attached-bridged = ブリッジ
appliance-attached-null = 未割り当て
appliance-attached-generic = 独自のドライバー
appliance-attached-other = 不明なネットワーク
appliance-off = (無効)
appliance-unplugged = (ケーブルなし)
appliance-no-adapters = ネットワークアダプターなし
appliance-files = ファイル
appliance-bytes = { $size }バイト
appliance-digest-fits = { $algorithm }一致
appliance-digest-does-not-fit = { $algorithm }不一致
appliance-error = エラー
appliance-warning = 警告
appliance-note = 参考
appliance-more = ほか{ $count }件
appliance-fit = 別のマシンに移せます。
appliance-unfit = { $count ->
   *[other] このままでは別のマシンに移せません。エラー{ $count }件。
    }

# クラス
state-graded = 採点済み
state-missing = 未提出
state-refused = 受け付け不可
state-review = 要確認
state-waiting = 採点待ち
standing-pass = 合格
standing-partial = 部分点
standing-fail = 不合格
standing-skipped = 対象外
standing-unsupported = 実行不可
standing-inconclusive = 判定不能
standing-error = 環境エラー
arm-omitted = 対処なし
arm-applied = 対処あり
arm-own = あなたの環境
value-yes = はい
value-no = いいえ
told-points = { $points }点
told-hidden = 非公開のチェック{ $count }個(計{ $points })。
told-skipped = 対象外: 先に別のチェックが成り立つ必要があります
told-open = ここでは判定できませんでした。教員が確認します。それまで、この分の点が失われることはありません。
told-open-points = { $open }点分が未確定です。教員が確認します。
told-waiting = まだ採点されていません。
told-missing = 提出がありません。
told-refused = 提出物を受け付けられませんでした。
told-solution = 解答例:
page-overall = 全課題
page-of-points = / { $most }点
page-so-far = (暫定)
page-material = 教材: { $material }
page-result = 結果
page-check = チェック
page-observed = 測定結果
page-expected = 基準
page-points = 点数
page-reasons = { $count ->
   *[other] 考えられる理由
    }
page-hint = ヒント
page-solution = 解答例
page-figure = { $check }: あなたの環境 { $own }、対処なし { $control }、対処あり { $reference }
page-at-most = { $value }以下
page-at-least = { $value }以上
page-runs = スクリプトの出力
page-status = 終了コード { $status }
page-no-output = 出力はありません。
page-changes = ファイルの変更
page-no-change = 変更はありません。
page-findings = 気づいたこと
page-remarks = 時間がかかった箇所
page-figures = 測定値
page-metric = メトリック
page-evidence = 証拠
page-digest = 提出物:
page-made-by = Saiten { $saiten }、バッチ { $batch }、{ $backend }。各チェックは、同じバッチ・同じマシンで測定した「対処なし」「対処あり」の環境と、あなたの環境とを比べたものです。
class-title = クラスのまとめ
class-students = { $count }名
class-mean = 平均
class-median = 中央値
class-distribution = 得点率の分布(%)
class-people = 要確認
class-checks = 失点の多いチェック
class-reasons = 失点の多い理由
class-reason = 理由
class-points-lost = 失点
class-all = 全員
class-name = 氏名
class-state = 状態
class-not-on-roster = 名簿にない
class-not-calibrated = 誰も採点していません。演習環境で、症状とその対処の効果が確認できませんでした。
book-marks = 成績
book-summary = まとめ
book-people = 要確認
book-what = 項目
book-value = 値

# 受付: 提出されたもの
intake-unreadable = このマシンでは { $name } を読めません: { $why }
intake-no-room = 提出物を置く空き容量がありません: { $why }。TMPDIR に空きのあるディスクを指定します
intake-entries = 同じ学生の提出が複数あります: { $names }。1つだけ残します
intake-several = 名簿に同名の学生が複数います: { $names }。「submission」列でどの提出かを指定します
intake-no-student = ディレクトリでもアーカイブでもないため、学生の提出として扱いません: { $names }
intake-ignored = このシナリオでは求めていないため無視しました: { $names }
intake-unopened = 提出物の中のアーカイブは開きません: { $names }。ファイルそのものを .zip か .tar.gz にまとめます
intake-astray = 名前が外を指しているため無視しました: { $names }
intake-refused-damaged = { $name } は壊れています。もう一度まとめ直して提出してください
intake-refused-cut-off = { $name } は途中で切れています。もう一度まとめ直して提出してください
intake-refused-no-archive = { $name } は読めるアーカイブではありません。.zip か .tar.gz で提出してください
intake-refused-archive = { $name } は{ $most }を超えています。課題で求められたものだけを提出してください
intake-refused-total = { $name } は展開すると{ $most }を超えます。課題で求められたものだけを提出してください
intake-refused-many = { $name } にはファイルとディレクトリが{ $most }個を超えて入っています。課題で求められたものだけを提出してください
intake-refused-large = { $name } は{ $most }を超えています
intake-refused-kind = アーカイブ内の { $name } は読めない種類です。特別なオプションなしでまとめ直してください
intake-refused-encrypted = { $name } は暗号化されています。パスワードなしでまとめ直してください
intake-refused-method = { $name } の圧縮方式は読めません。通常の .zip でまとめ直してください
intake-refused-directory = { $name } はディレクトリです。ファイルを提出してください
intake-refused-link = { $name } はリンクです。ファイルそのものを提出してください
intake-refused-device = { $name } はデバイスです。通常のファイルを提出してください
intake-refused-pipe = { $name } はパイプです。通常のファイルを提出してください
intake-refused-socket = { $name } はソケットです。通常のファイルを提出してください
intake-refused-twice = { $name } が2つあります。1つだけ提出してください

# 名簿
roster-unreadable = 名簿を読めません: { $why }
roster-large = 名簿が{ $mib } MiBを超えています
roster-many = 名簿の学生が{ $most }人を超えています
roster-encoding = 名簿の{ $line }行目がUTF-8ではありません。「CSV UTF-8」で保存します
roster-quote = 名簿の{ $line }行目の項目が次の行に続いています。引用符が足りないかもしれません
roster-empty = 名簿に学生がいません。1行目は列の名前、2行目以降に学生を1人ずつ書きます
roster-columns = 名簿に学生を示す列がありません。1行目は { $names } です。id、name、email、github、submission のいずれかが要ります
roster-column-twice = 名簿の列 { $other } と { $name } は同じ意味です。どちらか1つにします
roster-fields = 名簿の{ $line }行目の項目は{ $is }個ですが、1行目は{ $most }個です。区切り文字を含む名前は引用符で囲みます
roster-nobody = 名簿の{ $line }行目が誰のものか分かりません。氏名、学籍番号、メールのいずれかを書きます
roster-twice = 名簿の{ $line }行目の { $column } { $value } は{ $before }行目にもあります。学生は1人1行です

# 稼働中のマシン
address-empty = アドレスのファイルが空です
address-long = アドレスが長すぎます
address-user = @の前がユーザ名ではありません
address-port = ポートが1〜65535の数ではありません
address-form = アドレスではありません。203.0.113.7、vm7.example.ac.jp:2222、alice@[2001:db8::7]:2222のように1行で書きます
address-port-unclear = 接続するサービスが複数あるため、アドレスにポートを付けられません
live-unknown = { $endpoint } の代わりとなる稼働中のマシンの名前 { $host } を調べられませんでした: { $reason }
live-private = { $endpoint } の代わりの { $address } は公開アドレスではないため、接続しません。自分のネットワークにあるマシンなら --reach ネットワーク で指定します
live-elsewhere = { $endpoint } の代わりの { $address } は、--reachで指定したどのネットワークにもありません
live-never = { $endpoint } の代わりの { $address } には決して接続しません。リンク内のサービスやグループなどのためのアドレスです
finding-live = { $endpoint } は稼働中のマシン { $address } ({ $found }) で、中継を通して接続しました。そこでは何も変更せず、何も読んでいません
finding-live-silent = { $endpoint } の代わりの稼働中のマシンが応答しません: { $reason }
finding-live-untouched = アドレスと一緒に { $endpoint } 用に提出されたものは使いませんでした。稼働中のマシンには手を加えません
lacking-live-wires = 稼働中のマシン自身の回線は演習環境の外にあり、そのマシンが他へ送るものはここでは見えません
lacking-live-key = 稼働中のマシンにログインする鍵がありません。採点者が--identityで指定し、アドレスだけが提出された場合に限って使われます

# Verifying
fitness-fit = 使える
fitness-not-fit = 使えない
fitness-cannot-tell = 判定できない
fitness-not-looked-at = 見ていない項目: 「{ $about }」。{ $why }
fitness-interrupted = 中断されました
unsupported-only-looked-at = ラボを実行せずに調べただけです(--fit)
unfit-nothing-to-edit = 対策{ $number }、{ $fix }({ $about })のコマンドは{ $path }の何も書き換えません。このマシンの内容が教材と異なるため、学生には違いが見えません
unfit-nothing-to-edit-line = 対策{ $number }、{ $fix }({ $about })のコマンドは{ $path }で「{ $wanted }」を探しますが、どこにもありません。このマシンでは{ $line }行目が「{ $text }」なので、学生には違いが見えません
unfit-nothing-like-it = 対策{ $number }、{ $fix }({ $about })のコマンドは{ $path }で「{ $wanted }」を探しますが、それらしい行がありません。学生には違いが見えません
unfit-fix-no-file = 対策{ $number }、{ $fix }({ $about })のコマンドが書き換える{ $path }が、このマシンにないか、空です
unfit-fix-failed = 対策{ $number }、{ $fix }({ $about })のコマンドが{ $endpoint }で失敗します(終了コード{ $status }): { $output }
unfit-fix-no-tool = 対策{ $number }、{ $fix }({ $about })のコマンドに必要な「{ $tool }」が{ $endpoint }にありません: { $output }
unfit-fix-no-space = 対策{ $number }、{ $fix }({ $about })のコマンドが{ $endpoint }に書き込めません: { $output }
unfit-activation = 対策を反映させるコマンドが{ $endpoint }で失敗し(終了コード{ $status })、サービスは書き換えたファイルを受け付けません: { $output }
unfit-no-effect = 対策{ $number }、{ $fix }({ $about })はファイルを書き換えますが、サービスの設定は変わりません。先に有効になる行か、別のファイルがあります
unfit-service = 対策の前からサービスを利用できません。プローブ{ $probe }は{ $of }回中{ $failed }回失敗しました: { $reason }
unfit-service-after = 教材の対策を施すとサービスを利用できません: { $why }
unfit-no-symptom = 教材の言う症状が現れません。「{ $about }」が対策前から成り立ちます({ $metric }は{ $value })
unfit-no-cure = 教材の対策を施しても「{ $about }」が成り立ちません: { $why }
cannot-tell-check = 「{ $about }」[{ $arm }]を判定できません: { $why }
cannot-tell-arm = ラボ{ $arm }を計測できませんでした: { $why }
cannot-tell-look = 調べられませんでした: { $why }
cannot-tell-commands = { $endpoint }でコマンドが書き換える行を見つけるかどうかは、分かりませんでした: { $why }
cannot-tell-command = 対策{ $number }、{ $fix }({ $about })のコマンドは{ $endpoint }では実行していません。ファイルのコピーに対しては失敗します(終了コード{ $status }): { $output }
finding-tried-on-copies = { $endpoint }ではコマンドを実行していません。{ $files }のコピーに対して、教材のマシンで試しました
unfit-command = { $endpoint }で{ $action }が失敗します(終了コード{ $status }): { $output }
finding-live-open = { $endpoint }は実機{ $address }({ $found })で、中継を通して計測し、対策はSSHで適用しました
finding-live-put-back = { $endpoint }の{ $dirs }で対策が変えたものは元に戻し、元どおりであることを確かめました
finding-live-not-put-back = { $endpoint }を元に戻せませんでした({ $reason })。{ $dirs }の元のファイルはこのアームの証拠の{ $copy }にあります
cannot-tell-cure = 対策で治るかどうかは試していません。実機を変更するのは--applyを付けたときだけです
verify-title = このイメージは授業で使えるか
verify-scenario = シナリオ
verify-check = 項目
verify-symptom = 対策なしで症状が出る
verify-cure = 対策で治る
verify-figures = 対策なし → 対策あり
verify-yes = はい
verify-no = いいえ
verify-image = イメージ
verify-disk = ディスク
verify-host = 実機
verify-release = リリース
verify-changes = { $from }から{ $to }への違い: { $count }件
verify-more = ほか{ $count }件({ $kind })。すべてはverify.jsonにあります
verify-kind-figure = 計数
verify-kind-setting = 設定
verify-kind-package = パッケージ
verify-untried = { $dir }は確認できませんでした: { $why }
verify-made-by = Saiten { $saiten }、実行{ $run }、バックエンド{ $backend }
unfit-start = { $endpoint }でサービスが起動しません。`{ $run }`の終了コードは{ $status }です: { $output }
unfit-start-unknown = 教材が`{ $run }`で起動するサービスが{ $endpoint }にありません: { $output }
unfit-listens-elsewhere = { $endpoint }のサービスは起動しますが、ポート{ $port }では待ち受けていません。待ち受けているポート: { $others }
unfit-listens-nowhere = { $endpoint }のサービスは起動しますが、ポート{ $port }で応答がありません
unfit-not-ready = { $endpoint }の準備が整いません。サービスは起動しますが、応答しません
unfit-users = 教材でログインするユーザを{ $endpoint }に用意できません(終了コード{ $status }): { $output }
unfit-prepare = 教材のユーザを追加するために必要なものが{ $endpoint }にありません(終了コード{ $status }): { $output }
unfit-entrypoint = イメージが自分で起動する`{ $run }`が{ $endpoint }で終了コード{ $status }で終わります: { $output }
unfit-no-shell = { $endpoint }にシェルがないため、教材のコマンドを実行できません: { $output }
unfit-shell-fails = { $endpoint }のシェルを起動できません: { $output }
unfit-architecture = { $endpoint }用のイメージは{ $architecture }用ですが、このマシンは{ $here }です。このマシン用に作り直す(`docker build --platform linux/{ $here }`)か、その種類のマシンで確認してください
unfit-no-space = { $endpoint }にはもう書き込めません。ディスクが一杯か、読み取り専用です
unfit-no-tool = 教材のコマンドが使うプログラムが{ $endpoint }にありません: { $tool }
unfit-no-file = 教材のコマンドが書き換えるファイルが{ $endpoint }にありません: { $path }
unfit-no-service = 教材のコマンドが起動するサービスが{ $endpoint }にありません: { $service }
finding-users-added = { $endpoint }用のイメージに教材でログインするユーザがいないため、ラボ内のコピーに追加しました: { $users }
finding-own-systemctl = { $endpoint }では、Saitenのsystemctlがイメージのユニットを1つずつ起動します。最初のプロセスはsystemdではなくSaitenのヘルパーです
finding-init-replaced = { $endpoint }用のイメージは{ $program }を起動します。これは最初のプロセスでなければ動かないため、代わりにSaitenのヘルパーが最初のプロセスになり、教材が起動するものを起動します
finding-entry-started = { $endpoint }用のイメージは{ $program }を自分で起動します。教材が起動するので、二重には起動していません
finding-entry-runs = { $endpoint }用のイメージが自分で起動するものは、教材と並行して動きます: { $program }
fact-adapters = ネットワークアダプター
fact-appliance = アプライアンス
fact-architecture = アーキテクチャ
fact-boot = 起動時間
fact-capacity = ディスク容量
fact-clock = 時計(UTC)
fact-created = 作成日時
fact-digest = ダイジェスト
fact-digest-after = 終了時のダイジェスト
fact-failed_units = 起動に失敗したユニット
fact-format = 形式
fact-free = 空き容量
fact-init = 最初のプロセス
fact-kernel = カーネル
fact-keyboard = キーボード
fact-locale = ロケール
fact-missing_users = いないユーザ
fact-nics = NIC
fact-no_users = 追加するユーザ
fact-os = システム
fact-size = サイズ
fact-starts = 起動するもの
fact-timezone = タイムゾーン
fact-user = ユーザ

# Disks and their machines
disk-refused-no-file = { $file }は通常のファイルではありません。ディスクのファイルそのものを指定してください
disk-refused-unreadable = { $file }を読めません: { $why }
disk-refused-no-disk = { $file }は起動できるディスクではありません。qcow2、VMDK、VDIのいずれでもなく、ブートセクタもありません
disk-refused-format = { $file }は{ $format }形式で、そのままでは起動できません。展開するか、qcow2に変換してください: qemu-img convert -O qcow2
disk-refused-truncated = { $file }は途中で切れています(ファイルの終わりより後を指しています)。コピーし直してください
disk-refused-damaged = { $file }は壊れています: { $what }。コピーし直すか、`qemu-img check`で調べてください
disk-refused-encrypted = { $file }は暗号化されていて、鍵を入力する人がいません。先に復号してください: qemu-img convert -O qcow2
disk-refused-backing = { $file }には別のファイル({ $backing })との差分しかなく、そのファイルは開きません。一つのディスクにまとめてください: qemu-img convert -O qcow2
disk-refused-extents = { $file }はディスクの記述だけで、内容は別のファイルにあります。一つのファイルにまとめてください: qemu-img convert -O qcow2
disk-refused-missing = { $file }に書かれているディスク{ $name }がありません。同じ場所にコピーしてください
disk-refused-appliance-none = { $file }はディスクのないアプライアンスです
disk-refused-appliance-several = { $file }にはディスクが{ $count }個あり、どれから起動するのか分かりません。起動するディスクを取り出して指定してください
unfit-panic = { $endpoint }の仮想マシンが起動しません。カーネルパニックです({ $said })。ディスクの接続は{ $bus }です(--bus)
unfit-boot-loop = { $endpoint }の仮想マシンが起動せず、再起動を繰り返します。最後の出力: { $said }
unfit-power-off = { $endpoint }の仮想マシンが起動の途中で電源を切ります。最後の出力: { $said }
unfit-emergency = { $endpoint }の仮想マシンが修復用のシェルで止まります({ $said })。ディスクの接続は{ $bus }です(--bus)
unfit-not-bootable = { $file }には起動できるものがありません({ $said })
unfit-loader = { $file }のブートローダが起動するものを見つけられません({ $said })
unfit-boot-late = { $endpoint }の仮想マシンが{ $limit }秒以内にログインを求めません(--boot-limit)。最後の出力: { $said }
unfit-login = { $endpoint }の仮想マシンに入れません。渡されたパスワードでは、コンソールから{ $user }としてログインできません
unfit-ssh-login = { $endpoint }の仮想マシンに入れません。渡された鍵では、SSHで{ $user }としてログインできません（{ $said }）
unfit-not-root = { $endpoint }の仮想マシンに{ $user }としてログインできますが、rootではなく、sudoでもrootになれません（{ $said }）
unfit-agent = { $endpoint }の仮想マシンで、rootのシェルがラボのエージェントを起動できません: { $said }
unfit-nic = { $endpoint }の仮想マシンにアドレスを設定できません: { $reason }
lacking-login = { $file }に誰もログインできません。--userと一緒に--password-fileか--identityを指定するか、cloud-initの入ったディスクを使ってください
lacking-console = { $file }は起動しますが、画面でしかログインを求めず、SSHでも{ $user }としてログインできません（{ $reason }）。シリアルコンソールを有効にするか（systemctl enable serial-getty@ttyS0）、登録済みの鍵（--identity）か、普段のアドレス（--address）を指定してください
lacking-ssh = { $file }は起動しますが、起動の制限時間内に、SSHで{ $user }としてログインできませんでした（{ $reason }）。コンソール用に--password-fileを指定するか、普段のアドレス（--address）を指定してください
finding-guest-booted = { $endpoint }は仮想マシンで、電源を入れてから{ $seconds }秒後にログインを求めました。NICは{ $nics }です
finding-guest-failed = { $endpoint }の仮想マシンで、起動時に失敗したユニット: { $units }
finding-guest-stopped = { $endpoint }の仮想マシンで、NICにラボのアドレスを使うために止めたサービス: { $services }
