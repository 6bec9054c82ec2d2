//! Wrong decisions a reference player can be told to take, so that cases can be shown to catch them.

use serde::{Deserialize, Serialize};

/// A decision a player gets wrong on purpose. Wrong octets need no switch: they are patches, which are data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Switch {
    /// DM Client: a notification is accepted whatever its digest.
    AcceptAnyDigest,
    /// DM Client: a notification is accepted whatever its ServerID, for the first account.
    AcceptAnyServerId,
    /// DM Client: a ServerID is compared without case.
    FoldServerIdCase,
    /// DM Client: a truncated or inconsistent notification is padded and taken.
    AcceptBrokenNotification,
    /// DM Client: the vendor body is left out when the digest is checked.
    DigestWithoutBody,
    /// DM Client: no notification ever starts a session.
    IgnoreNotifications,
    /// DM Client: the same notification starts a session each time it comes.
    AcceptReplay,
    /// DM Client: a session that the user is to be asked about starts whatever the user says.
    IgnoreUserSaysNo,
    /// DM Client: a session that the user is to be asked about never starts.
    NeverAskUser,
    /// DM Client: commands of a server that failed to authenticate are executed.
    ExecuteUnauthenticated,
    /// DM Client: the server's credentials are not looked at.
    SkipServerAuthentication,
    /// DM Client: a challenge ends the session instead of being answered.
    IgnoreChallenge,
    /// DM Client: a challenge is answered with the old nonce.
    AnswerWithOldNonce,
    /// DM Client: a challenge of a type it does not know is answered with MD5.
    AnswerAnyChallenge,
    /// DM Client: a nonce ends at its first zero octet when the digest of a notification is checked.
    CutNonce,
    /// DM Client: a session whose exchange failed is never given up.
    KeepDeadSession,
    /// DM Client: NextNonce of a 212 is not kept for the next session.
    ForgetNextNonce,
    /// DM Client: a message of another session is processed.
    AcceptForeignSession,
    /// DM Client: VerDTD and VerProto of the server are not looked at.
    SkipVersionCheck,
    /// DM Client: a Status is sent although it would be alone in its message.
    SendLoneStatus,
    /// DM Client: RespURI is not followed.
    IgnoreRespUri,
    /// DM Client: MsgID stays 1.
    FreezeMsgId,
    /// DM Client: a message is processed whatever media type the response announces.
    IgnoreMediaType,
    /// DM Client: a message is processed whatever the HTTP status.
    IgnoreHttpStatus,
    /// DM Client: chunked responses are not understood.
    NoChunked,
    /// DM Client: an interim response is taken for the response.
    TakeInterim,
    /// DM Client: a closed connection ends the session.
    NoReconnect,
    /// DM Client: commands are executed again when a message comes twice.
    ExecuteTwice,
    /// DM Client: Results come without or before their Status.
    ResultsFirst,
    /// DM Client: an unknown command is answered as if it had been done.
    ClaimUnknownCommand,
    /// DM Client: a notification for any account starts a session with the first one.
    FirstAccountAlways,
    /// DM Client: a notification over a channel may stand in a push.
    PushOverChannel,
    /// DM Client: the digest of a notification is checked over the first 255 octets of the trigger.
    CutTrigger,
    /// DM Client: a server is asked for its credentials again without end.
    NeverGiveUp,
    /// DM Client: the nonce of a challenge is kept for later sessions, though the server has not proved itself.
    KeepChallengeNonce,
    /// DM Client: a secret that the server has replaced stays in force.
    KeepServerSecret,
    /// DM Client: a notification over the default nonce is the last that is followed.
    LockUpOnDefaultNonce,
    /// DM Client: the card is reached by one of its names only.
    OneNameOfCard,

    /// DM Client: a notification over the default nonce is no notification.
    NoResync,
    /// DM Client: after a notification over the default nonce, credentials are over the stored one.
    ResyncWithStoredNonce,
    /// DM Client: in a session that began with the default nonce, the server may prove itself over any nonce that it had.
    ResyncWithEither,
    /// DM Client: a nonce that a session of the default nonce has brought is not kept.
    ForgetResync,
    /// DM Client: no new nonce comes with the acceptance of a server that has proved itself over the default one.
    ResyncWithoutNonce,
    /// DM Client: a package ends although the server has not ended its own.
    EndBeforeServer,
    /// DM Client: the server is not asked for the rest of its package.
    NoNextMessage,
    /// DM Client: the size that the server can take is not looked at.
    IgnoreMaxMsgSize,
    /// DM Client: the first size that the server gave counts for the whole session.
    KeepFirstMaxMsgSize,
    /// DM Client: the size of objects that the server can take is not looked at.
    IgnoreMaxObjSize,
    /// DM Client: each message has Final.
    FinalInEach,
    /// DM Client: large objects are not understood.
    NoLargeObjects,
    /// Either side: a large object is taken whatever its size was said to be.
    IgnoreObjectSize,
    /// DM Client: a large object goes on after another command.
    IgnoreInterruption,
    /// Either side: a large object without its end is given up silently.
    NoEndOfDataAlert,
    /// DM Client: a chunk is answered with 200.
    PlainChunkStatus,
    /// DM Client: what remains of a package is lost when the server asks for it.
    DropRemainder,
    /// DM Client: an abort of the server is an alert like any other, and what stands behind it is carried out.
    AnswerAbort,
    /// DM Client: a message that aborts holds nothing but the Status of the header and its Alert.
    AbortWithoutAnswers,
    /// DM Client: a message that aborts has no Final.
    AbortOpen,
    /// DM Client: what follows its own abort is answered.
    GoOnAfterOwnAbort,
    /// DM Client: what an abort has kept from being done is answered as if it had been.
    ClaimSkipped,
    /// DM Client: a sequence goes on after the user has said no.
    GoOnAfterRefusal,
    /// DM Client: a generic alert of a server is taken.
    TakeGenericAlert,
    /// DM Client: an alert stays until the server says 200 to it.
    RepeatAlerts,
    /// DM Client: the correlator of an Exec is not given back.
    LoseCorrelator,
    /// DM Client: an object in the Inbox is taken whatever is in it.
    TakeAnyInbox,
    /// DM Client: nodes of an object stay that came before one that is wrong, which they should not.
    KeepHalfObject,
    /// DM Client: what comes through the Inbox can be read there.
    ReadInbox,
    /// DM Client: there is no Inbox.
    NoInbox,
    /// DM Client: the ACL of the Inbox is not looked at.
    InboxForAll,
    /// DM Client: an Atomic is carried out, however large its answers are.
    OversizedAtomic,

    /// Terminal: events are sent although the card did not ask for them.
    EventsUnasked,
    /// Terminal: no Data available event is sent.
    NoDataAvailable,
    /// Terminal: no Channel status event is sent.
    NoChannelStatusEvent,
    /// Terminal: a second listener on one port is accepted.
    AllowPortTwice,
    /// Terminal: data on a channel that is not open are accepted.
    AcceptUnknownChannel,
    /// Terminal: an OPEN CHANNEL lacking its mandatory objects is accepted.
    AcceptMissingObjects,
    /// Terminal: an OPEN CHANNEL to a port nobody announced is accepted.
    AcceptUnknownPort,
    /// Terminal: an unknown object marked comprehension required is ignored.
    IgnoreComprehension,
    /// Terminal: an unknown proactive command is answered as performed.
    ClaimUnknownProactive,
    /// Terminal: stored data are delivered at once instead of with the next immediate SEND DATA.
    SendStoredAtOnce,
    /// Terminal: the last octet of received data is dropped.
    DropLastOctet,
    /// Terminal: what does not fit the answer to RECEIVE DATA is lost.
    DropRest,
    /// Terminal: RECEIVE DATA gives one octet at a time.
    OneOctet,
    /// Terminal: CLOSE CHANNEL leaves the listener open.
    LeakListener,
    /// Terminal: CLOSE CHANNEL closes the channel, and clients of its port are let in all the same.
    ServeClosedPort,
    /// Terminal: channel data are lost on the way to the DM Client, and the loss is not reported.
    LoseNotification,
    /// Terminal: an ENVELOPE refused with 9300 is not repeated.
    NoRetryOnBusy,
    /// Terminal: an ENVELOPE refused with an error is repeated for ever.
    RetryForever,
    /// Terminal: data that reach the terminal but not the DM Client are reported as delivered.
    HideDeadClient,
    /// Terminal: timers never expire.
    DeadTimers,
    /// Terminal: timers expire after half their time.
    HastyTimers,
    /// Terminal: no STATUS is sent while idle.
    NoPolling,
    /// Terminal: ENVELOPE Terminal Applications is not sent.
    NoTerminalApplications,
    /// Terminal: no ENVELOPE Terminal Applications after a reset.
    AnnounceOnce,
    /// Terminal: a push is taken for a notification whatever port it comes for.
    PushOnAnyPort,
    /// Terminal: the smart card bootstrap is not read.
    NoBootstrap,
    /// Terminal: the smart card bootstrap is read, and nothing comes of it.
    BootstrapForNothing,
    /// Terminal: the account of the smart card bootstrap is reached at the address of the first account.
    BootstrapKeepsAddress,
    /// Terminal: the account of the smart card bootstrap has the credentials of the first account.
    BootstrapKeepsSecrets,
    /// Terminal: the account of the smart card bootstrap takes the place of the first account, whoever its server is.
    BootstrapOverwrites,
    /// Terminal: a smart card bootstrap that cannot be read takes the accounts away.
    BrokenBootstrapClears,
    /// Terminal: of each file of the smart card bootstrap no more than 2048 octets are read.
    BootstrapFirstOctets,
    /// Terminal: the PIN of the card that its user gives is not presented.
    NoCardPin,
    /// Terminal: a bootstrap in a push is passed over.
    NoPushedBootstrap,
    /// Terminal: the account of a push is taken in whatever its MAC.
    PushedMacUnchecked,
    /// Terminal: once an account has come by a push, the MAC of another push is not looked at.
    PushedMacOnce,
    /// Terminal: the account of a push is taken in whatever PIN the user gives.
    AnyUserPin,
    /// Terminal: the account of a push that the PIN of the user protects is taken in without asking.
    UserPinUnasked,
    /// Terminal: of a push with a bootstrap the first 140 octets count.
    PushedFirstOctets,
    /// Terminal: an application of Client Provisioning is taken for a DM account whatever its APPID.
    AnyProvisionedApplication,
    /// Terminal: a bootstrap that comes again takes its account away.
    SecondPushClears,
    /// Terminal: a push is taken for a notification whatever application it names.
    PushForAnyApplication,
    /// Terminal: a push is taken for a notification whatever its content type.
    PushOfAnyType,
    /// Terminal: short messages with a header that cannot be read are taken for what follows their seventh octet.
    PushWithoutHeader,
    /// Terminal: a part of a divided short message is taken for the whole.
    PartForWhole,
    /// Terminal: the parts of a divided short message are put together as they come.
    PartsAsTheyCome,
    /// Terminal: each copy of a part of a divided short message is put in its place behind the one before.
    PartsTwice,
    /// Terminal: divided short messages are not put together.
    NoConcatenation,
    /// Terminal: 8-bit data are taken for text unless they are of class 1.
    OneDcsOnly,
    /// Terminal: pushes are not given to the DM Client.
    NoPush,
    /// Terminal: the bare notification in a short message is taken, and no push.
    BareShortMessage,
    /// Terminal: the bare notification in a short message is taken as well as a push.
    BareOrPush,
    /// Terminal: a push with other headers than those of the shortest coding is not taken.
    ShortestHeadersOnly,
    /// Terminal: parts of short messages are told apart by their numbers alone.
    PartsOfAllMessages,
    /// Terminal: SEND SHORT MESSAGE is answered at once with success, and nothing is sent.
    ShortMessageUnsent,
    /// Terminal: what the network says to a short message is not looked at.
    IgnoreNetworkRefusal,
    /// Terminal: the user data of a short message are packed though the card asked for none.
    PackUnasked,
    /// Terminal: the user data of a short message are not packed though the card asked for it.
    NeverPack,
    /// Terminal: the card is not asked before it sends a short message.
    NoShortMessageControl,
    /// Terminal: the card is asked before each short message, whether it has control of them or not.
    ShortMessageControlAlways,
    /// Terminal: what the card says of a short message is not looked at.
    IgnoreShortMessageControl,
    /// Terminal: short messages for the card are kept from it.
    NoSmsDownload,
    /// Terminal: a card that once left a command unanswered is given up for ever, even when it is put in again.
    GiveUpOnSilence,
    /// Terminal: a command of 256 octets is not fetched, for its length is told as 00.
    NoLongFetch,
    /// Terminal: data that its buffer has no room for are acknowledged, and lost.
    LoseOverflow,
    /// Terminal: data for a client that is not there yet reach the next one.
    KeepForNextClient,
    /// Terminal: a client that has nothing more to say is hung up on before it has its answer.
    HangUpOnHalfClose,
    /// Terminal: the eighth bit of what passes between the card and a client is lost.
    SevenBits,
    /// Terminal: what a second client says goes through the channel of the first.
    MixClients,
    /// Terminal: by the name of localhost nobody gets to the card.
    NoLocalhost,
    /// Terminal: a DM Client that was started again has another port, and the card is not told.
    SilentNewPort,
    /// Terminal: each of several announcements is said to be the last.
    LastInEach,
    /// Terminal: while the user is on a call, data for the DM Client end in an error of the channel.
    CallAsBipError,
    /// Terminal: the service centre that a command names is not the one that is taken.
    IgnoreServiceCentre,
    /// Terminal: the service centre of EF.SMSP is not looked at.
    IgnoreSmsp,

    /// Card: a reset in the middle of a command locks the card up; it answers nothing any more.
    LockUpOnReset,
    /// Card: FETCH for fewer octets than there are brings the first of them.
    CutCommands,
    /// Card: a command is lost when FETCH asks for another length than it has.
    LoseUnfetched,
    /// Card: a command is followed by an octet that its length does not count.
    PadCommands,
    /// DM_SC Server: a request of another client ends the session that is under way.
    EndByOtherClient,
    /// Card: no trigger is ever sent.
    NeverTrigger,
    /// Card: a short message is asked for where the terminal does not offer to send one.
    SmsWithoutBearer,
    /// Card: every call wakes the DM_SC Server up.
    WakeByAnyCall,
    /// Card: every timer wakes the DM_SC Server up.
    WakeByAnyTimer,
    /// Card: the channel to the DM Client is left open.
    NoCloseChannel,
    /// Card: the channel is left open when the terminal could not deliver the data.
    NoCloseAfterError,
    /// Card: the port of the first application is used, whatever its type.
    FirstPort,
    /// Card: the first announcement is used for ever.
    KeepFirstPort,
    /// Card: SEND DATA follows although OPEN CHANNEL was refused.
    SendWithoutChannel,
    /// Card: a refused trigger is repeated at once, for ever.
    RetryAtOnce,
    /// Card: the buffer size granted is not observed.
    IgnoreBufferSize,
    /// Card: a listener that was refused is asked for again at once, for ever.
    ListenAtOnce,
    /// Card: RECEIVE DATA that was refused is repeated at once, for ever.
    ReceiveAtOnce,
    /// Card: a command that was refused, or answered under another number, stays under way for ever.
    WaitForBetterAnswer,
    /// Card: the same session id is used for each trigger.
    SameSessionId,
    /// Card: CAT commands are sent although the terminal profile does not offer them.
    IgnoreProfile,
    /// Card: what a client left unfinished is kept when it disconnects.
    KeepHalfRequest,
    /// Card: the rest of the data is not fetched after the first RECEIVE DATA.
    ReadOnce,
    /// DM_SC Server: it proves itself by another secret than that of its account.
    WrongServerCredentials,
    /// DM_SC Server: a client without credentials is served.
    ServeUnauthenticated,
    /// DM_SC Server: wrong credentials are accepted.
    AcceptWrongCredentials,
    /// DM_SC Server: challenges carry the nonce that just failed.
    StaleChallenge,
    /// DM_SC Server: any method is a DM session.
    AnyMethod,
    /// DM_SC Server: the versions in the client's header are not looked at.
    AcceptAnyVersion,
    /// Card: a connection over which the client wants no more stays open.
    NeverClose,
    /// DM_SC Server: a garbled message blocks the server until it is reset.
    LockUpOnGarbage,
    /// DM_SC Server: a message that comes twice is taken for the next one.
    AdvanceOnDuplicate,
    /// DM_SC Server: a challenge by the client ends the session.
    IgnoreClientChallenge,
    /// DM_SC Server: a nonce issued by the client is not used in the next notification.
    ForgetServerNonce,
    /// TLS: a record whose MAC or padding is wrong is taken.
    TlsTakesBadMac,
    /// TLS: a Finished that does not verify is taken.
    TlsTakesBadFinished,
    /// TLS client: a cipher suite that was not offered is taken.
    TlsTakesAnySuite,
    /// TLS client: a version that was not offered is taken.
    TlsTakesAnyVersion,
    /// TLS: messages that are not due are passed over.
    TlsTakesAnyOrder,
    /// TLS: a record that is too long is taken.
    TlsTakesLongRecords,
    /// TLS client: a session is resumed with another suite than it had.
    TlsTakesOtherSessions,
    /// TLS server: a client that fell back to a lower version is served.
    TlsTakesFallback,
    /// TLS client: a response that ends without close_notify is taken for whole.
    TlsTakesCutAnswers,
    /// TLS: a connection that has failed is left open.
    TlsStaysOpen,
    /// TLS server: whoever has the key is served, whatever the identity.
    TlsTakesAnyIdentity,
    /// TLS client: the dates of a certificate are not looked at.
    TlsTakesAnyDate,
    /// TLS client: the names of a certificate are not looked at.
    TlsTakesAnyName,
    /// TLS client: a certificate is taken whoever signed it.
    TlsTakesAnyIssuer,
    /// TLS client: a certificate is taken that is signed with its own key.
    TlsTakesSelfSigned,
    /// TLS client: no certificate is taken.
    TlsTakesNoCertificate,
    /// TLS client: where there is no TLS to be had, the session goes on without.
    TlsFallsBack,
    /// DM_SC Server: commands are sent while the client's package is not complete.
    CommandsTooEarly,
    /// DM_SC Server: credentials over the default nonce are refused, although the notification had it.
    RefuseDefaultNonce,
    /// DM_SC Server: notifications keep the default nonce, although the client has given another.
    KeepDefaultNonce,
    /// DM_SC Server: without power, the nonces are those of the account again.
    LoseNonces,
    /// DM_SC Server: a message that aborts holds nothing but its Alert.
    BareAbort,
    /// DM_SC Server: a message that aborts has no Final.
    AbortWithoutFinal,
    /// DM_SC Server: a request for any path is a DM session.
    AnyPath,
    /// DM_SC Server: an abort by the client does not end the session.
    GoOnAfterAbort,
}

/// The switches that are on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Switches(Vec<Switch>);

impl Switches {
    /// These switches on, all others off.
    pub fn new(on: impl IntoIterator<Item = Switch>) -> Switches {
        Switches(on.into_iter().collect())
    }

    /// Whether a switch is on.
    pub fn on(&self, switch: Switch) -> bool {
        self.0.contains(&switch)
    }
}
