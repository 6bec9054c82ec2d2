//! Choices of a DM Client in its messages (DMPRO 8.3, 8.5).

use super::table::choices;

choices! {
    /// Choices of a DM Client in its messages (DMPRO 8.3, 8.5).
    Client

    /// When the DM Client sends its credentials first.
    (Terminal; "DMPRO 8.3")
    first_credentials: FirstCredentials = "first-credentials" {
        /// With the first Package#1.
        AtOnce = "at-once",
        /// When the server has asked for them.
        AfterChallenge = "after-challenge",
    }

    /// The Status of a command that is refused for want of the server's credentials.
    (Terminal; "DMPRO 9.1")
    refused_command: RefusedCommand = "refused-command" {
        /// That of the SyncHdr.
        AsHeader = "as-header",
        /// 215, not executed.
        NotExecuted = "215",
        /// 403, forbidden.
        Forbidden = "403",
        /// 425, permission denied.
        PermissionDenied = "425",
    }

    /// The order of the commands of Package#1.
    (Terminal; "DMPRO 8.3")
    package1_order: Package1Order = "package1-order" {
        /// The Alert, then the Replace of DevInfo.
        AlertFirst = "alert-first",
        /// The Replace of DevInfo, then the Alert.
        DevInfoFirst = "devinfo-first",
    }

    /// What else the client has to tell in Package#1.
    (Terminal; "DMPRO 8.3, 8.7")
    package1_alerts: Package1Alerts = "package1-alerts" {
        /// Nothing.
        Nothing = "none",
        /// A client event, Alert 1224.
        Event = "event",
        /// A generic alert, 1226.
        Generic = "generic" claims ["DM_SC-C-006-O"],
    }

    /// What else the client has to tell in Package#3.
    (Terminal; "DMPRO 8.5, 8.7")
    package3_alerts: Package3Alerts = "package3-alerts" {
        /// Nothing.
        Nothing = "none",
        /// A client event, Alert 1224, before the answers to the server's commands.
        EventFirst = "event-first",
        /// A client event, Alert 1224, after them.
        EventLast = "event-last",
        /// Two generic alerts, 1226, after them.
        GenericLast = "generic-last" claims ["DM_SC-C-006-O"],
    }

    /// Whether Package#3 tells DevInfo again.
    (Terminal; "DMPRO 8")
    package3_devinfo: Package3DevInfo = "package3-devinfo" {
        /// It does not.
        Once = "once",
        /// It does, after the answers to the server's commands.
        Again = "again",
    }

    /// Where Results stand.
    (Terminal; "DMREPPRO 6.6.12")
    results_place: ResultsPlace = "results-place" {
        /// After the Status of their command.
        AfterStatus = "after-status",
        /// After the Status elements of all commands.
        AfterAll = "after-all",
    }

    /// Whether Results name format and type where they are the default, chr and text/plain.
    (Terminal; "DMREPPRO 6.6.12")
    results_meta: ResultsMeta = "results-meta" {
        /// As the tree has them.
        Always = "always",
        /// They do not.
        NotDefault = "not-default",
    }

    /// In how many messages Package#1 comes.
    (Terminal; "DMPRO 6, DM_SC 7")
    package1_messages: Package1Messages = "package1-messages" {
        /// In one.
        One = "one",
        /// In two: DevInfo and the Alert, then another alert with Final.
        Two = "two" claims ["DM_SC-C-004-O"],
    }

    /// In how many messages Package#3 comes.
    (Terminal; "DMPRO 6, DM_SC 7")
    package3_messages: Package3Messages = "package3-messages" {
        /// In one.
        One = "one",
        /// In two, where it has more than one answer.
        Two = "two" claims ["DM_SC-C-004-O"],
    }

    /// The name by which the client gives itself as Source.
    (Terminal; "DMPRO 8.3")
    source_form: SourceForm = "source" {
        /// That of ./DevInfo/DevId.
        DeviceId = "device-id",
        /// The number of it as IMEI:number.
        Imei = "imei",
    }

    /// The name by which the client speaks of the server as Target.
    (Terminal; "DMPRO 8.3")
    target_form: TargetForm = "target" {
        /// The address of the account.
        Address = "address",
        /// The ServerID of the account.
        ServerId = "server-id",
    }

    /// Which nodes of DevInfo are told.
    (Terminal; "DMPRO 8.3, DMSTDOBJ 5.3.2")
    devinfo_nodes: DevInfoNodes = "devinfo-nodes" {
        /// The five leaves.
        Leaves = "leaves",
        /// The five leaves, and the interior nodes Ext and Bearer without data.
        Interior = "interior",
        /// The five leaves, and a leaf of Ext.
        Extension = "extension",
    }

    /// The order of the nodes of DevInfo.
    (Terminal; "DMPRO 8.3")
    devinfo_order: DevInfoOrder = "devinfo-order" {
        /// That of the standard.
        Usual = "usual",
        /// The reverse.
        Reversed = "reversed",
    }

    /// Whether the items of DevInfo name format and type.
    (Terminal; "DMPRO 8.3, DMREPPRO metinf")
    devinfo_meta: DevInfoMeta = "devinfo-meta" {
        /// They do: chr and text/plain.
        Named = "named",
        /// They do not: these are the default.
        Default = "default",
    }

    /// Which sizes the client's SyncHdr tells.
    (Terminal; "DMPRO 6, DMREPPRO metinf")
    header_sizes: HeaderSizes = "header-sizes" {
        /// MaxMsgSize, 16384.
        Message = "message",
        /// None.
        Nothing = "none",
        /// MaxMsgSize, 1000000, and MaxObjSize.
        Both = "both",
    }

    /// When the client gives its user name as LocName.
    (Terminal; "DMREPPRO LocName")
    source_name: SourceName = "source-name" {
        /// Beside credentials.
        WithCredentials = "with-credentials",
        /// Always.
        Always = "always",
    }

    /// What becomes of the connection when the client has nothing more to say.
    (Terminal; "RFC 9112 9.6")
    parting: Parting = "parting" {
        /// The client closes it.
        Closes = "closes",
        /// It stays open until it is needed again.
        Stays = "stays",
    }

    /// Whether the client has optional commands and alerts: Atomic, Copy and those to the user.
    (Terminal; "DMREPPRO 5.3, DMPRO 10")
    optional_commands: OptionalCommands = "optional-commands" {
        /// Those that the reference terminal has.
        Some = "some",
        /// None: they are answered with 406.
        Nothing = "none",
    }

    /// What stands for commands that an abort by the user has kept from being done.
    (Terminal; "DMPRO 8.1")
    abort_skipped: AbortSkipped = "abort-skipped" {
        /// Nothing.
        Silent = "silent",
        /// Status 215 for each.
        NotExecuted = "215",
    }

    /// Whether the message has Final by which a client ends a session in the middle of its package.
    (Terminal; "DMPRO 6.2, 8.1.2")
    abort_final: AbortFinal = "abort-final" {
        /// It has.
        There = "there",
        /// It has not.
        LeftOut = "left-out" claims ["DM_SC-C-004-O"],
    }

    /// How Alert 1225 names the object that has no end.
    (Terminal; "DMPRO 7")
    lost_object: LostObject = "lost-object" {
        /// As Source.
        Source = "source",
        /// As Target.
        Target = "target",
    }

    /// When the client asks for the rest of a server's package by Alert 1222.
    (Terminal; "DMPRO 6.2")
    next_message: NextMessage = "next-message" {
        /// Where nothing but Status goes back.
        WhenNeeded = "when-needed",
        /// Always.
        Always = "always",
    }

    /// Where alerts stand that the client has raised.
    (Terminal; "DMPRO 8.7")
    raised_alerts: RaisedAlerts = "raised-alerts" {
        /// In Package#1, each in an Alert of its own.
        Package1 = "package1",
        /// In Package#1, as Items of one Alert.
        Together = "together",
        /// In Package#3, each in an Alert of its own.
        Package3 = "package3",
    }

    /// The importance that a generic alert is given.
    (Terminal; "DMPRO 8.7.1.8")
    importance: Importance = "importance" {
        /// Minor.
        Minor = "minor",
        /// None, which is informational.
        Unsaid = "none",
        /// Informational.
        Informational = "informational",
        /// Fatal.
        Fatal = "fatal",
    }

    /// Whether the client takes and sends objects in chunks, and says so in DevDetail.
    (Terminal; "DMPRO 7")
    large_objects: LargeObjects = "large-objects" {
        /// It does.
        Taken = "taken",
        /// It does not.
        Refused = "refused",
    }
}
