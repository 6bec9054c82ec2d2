//! Choices of a DM_SC Server in its messages (DMPRO 8.4, DMNOTI 6).

use super::table::choices;

choices! {
    /// Choices of a DM_SC Server in its messages (DMPRO 8.4, DMNOTI 6).
    Server

    /// When the server sends its credentials first.
    (Card; "DMPRO 8.4, 9")
    server_credentials: ServerCredentials = "server-credentials" {
        /// With Package#2.
        AtOnce = "at-once",
        /// When the client has asked for them.
        AfterChallenge = "after-challenge",
    }

    /// The name by which the server gives itself as Source.
    (Card; "DMPRO 8.4")
    server_source: ServerSource = "server-source" {
        /// As the client has called it.
        AsCalled = "as-called",
        /// Its address.
        Address = "address",
        /// Its ServerID.
        ServerId = "server-id",
    }

    /// Whether the server names the place for the next request.
    (Card; "DMREPPRO RespURI")
    resp_uri: RespUri = "resp-uri" {
        /// It does not.
        Unnamed = "none",
        /// It names its address with the session in it.
        WithSession = "with-session",
    }

    /// The Status of a client event, 1224.
    (Card; "DMREPPRO 6.6.2")
    event_status: EventStatus = "event-status" {
        /// 200.
        Ok = "200",
        /// 406.
        NotSupported = "406",
    }

    /// What the server has to manage.
    (Card; "DMPRO 8.4")
    program: Program = "program" {
        /// Two nodes to read.
        Gets = "gets",
        /// Nothing.
        Nothing = "nothing",
        /// A package for each of three nodes.
        Packages = "packages",
        /// A Sequence of a Replace and a Get.
        Sequence = "sequence",
    }

    /// What the server asks of the user before it delivers a management object.
    (Card; "DMPRO 10")
    asks_user: AsksUser = "asks-user" {
        /// Whether it may.
        Question = "question",
        /// It shows a text, asks, and has the user enter and choose.
        EveryKind = "every-kind",
        /// Nothing.
        Nothing = "nothing",
    }

    /// When the server delivers a management object, where it has anything to manage.
    (Card; "DMSTDOBJ 5.3.4, DMPRO 8.6")
    inbox: Inbox = "inbox" {
        /// In a package of its own, after the others.
        AfterOthers = "after-others",
        /// With the commands of its first package.
        WithOthers = "with-others",
        /// It has none.
        Nothing = "nothing",
    }

    /// What the Add that delivers a management object names as its Target.
    (Card; "DMSTDOBJ 5.3.4")
    inbox_target: InboxTarget = "inbox-target" {
        /// The Inbox.
        Inbox = "inbox",
        /// A node below it.
        Below = "below",
    }

    /// Where the type of a management object that is delivered stands.
    (Card; "DMREPPRO 6.6.1")
    inbox_meta: InboxMeta = "inbox-meta" {
        /// In the Meta of the item.
        Item = "item",
        /// In that of the command.
        Command = "command",
    }

    /// How the server numbers its sessions.
    (Card; "DMNOTI 6")
    session_ids: SessionIds = "session-ids" {
        /// One after the other.
        Ascending = "ascending",
        /// Anyhow, of all sizes.
        Random = "random",
        /// Downwards from FFFF.
        Downwards = "downwards",
    }

    /// The user interaction mode that notifications ask for.
    (Card; "DMNOTI 6")
    ui_mode: UiMode = "ui-mode" {
        /// In the background.
        Background = "background",
        /// Not specified.
        Unspecified = "unspecified",
        /// Informative.
        Informative = "informative",
        /// Interaction before the session.
        Interaction = "interaction",
    }

    /// Who caused a session, by its notification.
    (Card; "DMNOTI 6")
    initiator: Initiator = "initiator" {
        /// The server.
        Server = "server",
        /// The user.
        User = "user",
    }

    /// Whether notifications have a vendor-specific body.
    (Card; "DMNOTI 6")
    vendor_body: VendorBody = "vendor-body" {
        /// They do not.
        Nothing = "none",
        /// One of four octets.
        Short = "short",
    }

    /// What the server does where the client's package is not complete.
    (Card; "DMPRO 6.2, 8.1.2, DM_SC 7")
    incomplete_package: IncompletePackage = "incomplete-package" {
        /// It asks for the next message, Alert 1222.
        AsksOn = "asks-on",
        /// It aborts the session, Alert 1223 with Final.
        Aborts = "aborts",
        /// It aborts the session, Alert 1223 without Final.
        AbortsOpen = "aborts-open",
    }

    /// What the server does when the client refuses its credentials.
    (Card; "DMPRO 9.1, 8.1.2")
    challenged: Challenged = "challenged" {
        /// It sends others.
        Answers = "answers",
        /// It aborts the session, Alert 1223.
        Aborts = "aborts",
        /// It ends the session by sending nothing but Status.
        Ends = "ends",
    }

    /// How the server ends a session with a client that does not prove itself.
    (Card; "DMPRO 8.1, 9.1")
    refusal: Refusal = "refusal" {
        /// By Status alone.
        Status = "status",
        /// With Alert 1223 besides.
        Abort = "abort",
    }

    /// When notifications that no session has followed are sent with the default nonce.
    (Card; "DMNOTI 5")
    resynchronises: Resynchronises = "resynchronises" {
        /// After two of them.
        AfterTwo = "after-two",
        /// After one.
        AfterOne = "after-one",
        /// After three.
        AfterThree = "after-three",
    }

    /// What the server does when the client says that its data store has failed, 510.
    (Card; "DMPRO 8.1, 8.6")
    after_errors: AfterErrors = "after-errors" {
        /// It aborts the session, Alert 1223.
        Aborts = "aborts",
        /// It goes on.
        GoesOn = "goes-on",
    }

    /// Where Alert 1223 stands in the message that aborts.
    (Card; "DMPRO 8.1")
    abort_place: AbortPlace = "abort-place" {
        /// After the Status commands.
        Last = "last",
        /// Before them.
        First = "first",
    }
}
