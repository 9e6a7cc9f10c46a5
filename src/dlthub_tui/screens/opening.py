"""Which screen shows a place."""

from __future__ import annotations

from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.places.place import PlaceScreen
from dlthub_tui.viewmodel import places


def screen_of(place: places.Place, context: Context) -> PlaceScreen:
    """A new screen for the place."""
    match place:
        case places.WorkspacePlace(workspace, tab):
            return _tab(tab)(context, workspace)
        case places.JobPlace():
            from dlthub_tui.screens.work.job import JobScreen

            return JobScreen(context, place)
        case places.BackfillsPlace():
            from dlthub_tui.screens.work.backfills import BackfillsScreen

            return BackfillsScreen(context, place)
        case places.WebhooksPlace():
            from dlthub_tui.screens.workspace.webhooks import WebhooksScreen

            return WebhooksScreen(context, place)
        case places.RunPlace():
            from dlthub_tui.screens.work.run import RunScreen

            return RunScreen(context, place)
        case places.ComparePlace():
            from dlthub_tui.screens.logs.compare import CompareScreen

            return CompareScreen(context, place)
        case places.PipelinePlace():
            from dlthub_tui.screens.workspace.pipelines import PipelineScreen

            return PipelineScreen(context, place)
        case places.PipelineRunPlace():
            from dlthub_tui.screens.workspace.pipelines import PipelineRunScreen

            return PipelineRunScreen(context, place)
        case places.DeployPlace():
            from dlthub_tui.screens.workspace.deploy import DeployScreen

            return DeployScreen(context, place)
        case places.NewOrganizationPlace():
            from dlthub_tui.screens.installation.new_organization import NewOrganizationScreen

            return NewOrganizationScreen(context, place)
        case places.PlatformPlace():
            from dlthub_tui.screens.installation.platform import PlatformScreen

            return PlatformScreen(context, place)
        case places.EnvironmentsPlace():
            from dlthub_tui.screens.installation.environments import EnvironmentsScreen

            return EnvironmentsScreen(context, place)
        case places.DoctorPlace():
            from dlthub_tui.screens.installation.doctor import DoctorScreen

            return DoctorScreen(context)
        case places.CommandLogPlace():
            from dlthub_tui.screens.installation.command_log import CommandLogScreen

            return CommandLogScreen(context)
        case places.SettingsPlace():
            from dlthub_tui.screens.installation.settings import SettingsScreen

            return SettingsScreen(context, place)
        case places.WorkspaceSettingsPlace():
            from dlthub_tui.screens.workspace.workspace_settings import WorkspaceSettingsScreen

            return WorkspaceSettingsScreen(context, place)
        case places.SignInsPlace():
            from dlthub_tui.screens.installation.sign_ins import SignInsScreen

            return SignInsScreen(context)
        case places.GuidePlace():
            from dlthub_tui.screens.installation.guide import GuideScreen

            return GuideScreen(context)
        case places.HomePlace():
            from dlthub_tui.screens.installation.home import HomeScreen

            return HomeScreen(context)


def _tab(tab: str) -> type:
    from dlthub_tui.screens.work.jobs import JobsScreen
    from dlthub_tui.screens.work.runs import RunsScreen
    from dlthub_tui.screens.workspace.alerts import AlertsScreen
    from dlthub_tui.screens.workspace.deployments import DeploymentsScreen
    from dlthub_tui.screens.workspace.pipelines import PipelinesScreen
    from dlthub_tui.screens.workspace.residency import ResidencyScreen
    from dlthub_tui.screens.workspace.team import TeamScreen
    from dlthub_tui.screens.workspace.variables import VariablesScreen

    screens = {
        "runs": RunsScreen, "deployments": DeploymentsScreen, "variables": VariablesScreen,
        "pipelines": PipelinesScreen, "team": TeamScreen,
        "alerts": AlertsScreen, "residency": ResidencyScreen,
    }  # fmt: skip
    return screens.get(tab, JobsScreen)
